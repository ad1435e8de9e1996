# cinelake in a container. `docker compose up --build` is the way to it: compose.yaml.

FROM python:3.13-slim-trixie AS build
WORKDIR /build
COPY requirements/build.txt requirements/run.txt requirements/lambda.txt requirements/
# Wheels alone, each of the hash that is locked: nothing is compiled.
RUN python -m venv /opt/build \
 && python -m venv --without-pip /opt/cinelake \
 && pip="/opt/build/bin/pip --no-cache-dir --disable-pip-version-check" \
 && $pip install --require-hashes --only-binary :all: -r requirements/build.txt \
 && $pip --python /opt/cinelake/bin/python install --require-hashes --only-binary :all: -r requirements/run.txt -r requirements/lambda.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN pip="/opt/build/bin/pip --no-cache-dir --disable-pip-version-check" \
 && $pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && $pip --python /opt/cinelake/bin/python install --no-deps --no-index dist/*.whl
COPY docker/lake.toml /opt/cinelake/
# Of all languages the report has two; of all services of AWS cinelake asks seven (SERVICES in lake/session.py).
RUN cd /opt/cinelake/lib/python3.13/site-packages \
 && find babel/locale-data -name '*.dat' ! -name 'root.dat' ! -name 'en*' ! -name 'pt*' -delete \
 && find botocore/data -mindepth 1 -maxdepth 1 -type d ! -name glue ! -name s3 ! -name secretsmanager \
      ! -name signin ! -name sso ! -name sso-oidc ! -name sts -exec rm -r {} +

FROM python:3.13-slim-trixie
LABEL org.opencontainers.image.title="cinelake" \
      org.opencontainers.image.description="From two CSV files to a data lake you own, with questions answered and proved" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="docker.io/library/python:3.13-slim-trixie"
# 1000 is the first user of most Linux desktops, whose ./data and ./report are; --user names another.
RUN groupadd --gid 1000 cinelake \
 && useradd --uid 1000 --gid 1000 --no-create-home --home-dir /nonexistent cinelake \
 && install --directory --mode 777 --owner cinelake --group cinelake \
      /data /project /project/.cinelake /project/report
COPY --from=build /opt/cinelake /opt/cinelake
# The data is mounted at /input. Whoever must have it in the image names a folder below docker/ that holds it.
ARG DATA=docker/no-data
COPY ${DATA}/ /input/
ENV PATH=/opt/cinelake/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 1000:1000
WORKDIR /data
VOLUME /data
ENTRYPOINT ["python", "-m", "cinelake.container"]
CMD ["run"]
