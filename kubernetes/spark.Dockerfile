# cinelake with Spark, for kubernetes/spark: docker build --file kubernetes/spark.Dockerfile --tag cinelake-spark:0.1.0 .
# PySpark comes as a source that is made into a wheel here; all else are wheels.

ARG CINELAKE=cinelake:0.1.0
FROM ${CINELAKE}
USER root
RUN apt-get update \
 && apt-get install --yes --no-install-recommends openjdk-21-jre-headless \
 && rm -rf /var/lib/apt/lists/*
COPY requirements/spark.txt /tmp/
RUN pip --no-cache-dir --disable-pip-version-check --python /opt/cinelake/bin/python install \
      --require-hashes --only-binary :all: --no-binary pyspark --requirement /tmp/spark.txt \
 && rm /tmp/spark.txt
ENV SPARK_HOME=/opt/cinelake/lib/python3.13/site-packages/pyspark
USER 1000:1000
