# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
WORKDIR /source
COPY setup.cfg pyproject.toml README.md LICENSE ./
COPY mockserver mockserver
COPY fixtures fixtures
RUN pip install --no-cache-dir --prefix=/install .

FROM python:3.13-slim
COPY --from=build /install /usr/local
# What is served until a folder is mounted here.
COPY fixtures/default.yaml /fixtures/default.yaml
ENV PYTHONUNBUFFERED=1 TALKOVER_MOCK_HOST=0.0.0.0 TALKOVER_MOCK_PORT=7357 TALKOVER_MOCK_FIXTURES=/fixtures
USER 65534:65534
EXPOSE 7357
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --start-interval=200ms CMD ["talkover-mock", "health"]
ENTRYPOINT ["talkover-mock"]
CMD ["serve"]
