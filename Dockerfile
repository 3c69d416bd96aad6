# audiosearch as a program. CPU by default; a GPU build takes PyTorch's wheels for CUDA:
#   docker build --build-arg TORCH=https://download.pytorch.org/whl/cu128 -t audiosearch:gpu .
FROM python:3.12-slim-bookworm AS build
ARG TORCH=https://download.pytorch.org/whl/cpu
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN pip install "torch==2.11.0" "torchaudio==2.11.0" --index-url "$TORCH"
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY audiosearch audiosearch
COPY indexers indexers
COPY queries queries
RUN pip install ".[espeak,qdrant,weaviate]"

FROM python:3.12-slim-bookworm
RUN useradd --create-home --uid 10001 audiosearch && install -d -o audiosearch /data
COPY --from=build /venv /venv
# What is compiled or downloaded is kept with the data: the rest may be read-only.
ENV PATH=/venv/bin:$PATH AUDIOSEARCH_STORE=/data/store XDG_CACHE_HOME=/data/.cache
USER audiosearch
WORKDIR /data
VOLUME /data
ENTRYPOINT ["audiosearch"]
CMD ["--help"]
