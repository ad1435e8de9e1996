# cinelake with Spark, for kubernetes/spark: docker build --file kubernetes/spark.Dockerfile --tag cinelake-spark:0.1.0 .
# Not run by us: it needs Debian's packages and PySpark's from the network.

ARG CINELAKE=cinelake:0.1.0
FROM ${CINELAKE}
USER root
RUN apt-get update \
 && apt-get install --yes --no-install-recommends openjdk-21-jre-headless \
 && rm -rf /var/lib/apt/lists/*
COPY requirements/dev.txt /tmp/
# The versions that are locked for the tests, without their hashes, which pip does not take from a file of constraints.
RUN sed -e '/--hash=/d' -e 's/ \\$//' /tmp/dev.txt > /tmp/versions.txt \
 && pip --no-cache-dir --disable-pip-version-check --python /opt/cinelake/bin/python install \
      --constraint /tmp/versions.txt 'pyspark[connect]' 'pandas<3' \
 && rm /tmp/*.txt
ENV SPARK_HOME=/opt/cinelake/lib/python3.13/site-packages/pyspark
USER 1000:1000
