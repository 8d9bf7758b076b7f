# SPDX-License-Identifier: Apache-2.0
#
# An image with assay and its embedding model: docker build -t assay . && docker run --rm assay --help
# Work on a project of yours with: docker run --rm -v "$PWD:/project" assay test
FROM debian:bookworm AS build
COPY . /source
WORKDIR /source
RUN make deb

FROM debian:bookworm-slim
COPY --from=build /source/build/*.deb /packages/
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates mecab-ipadic-utf8 /packages/*.deb \
    && rm -rf /packages /var/lib/apt/lists/*
WORKDIR /project
ENTRYPOINT ["assay"]
CMD ["--help"]
