# wave-cron and what it needs: Node, the libraries of Node, nothing else. docs/image.md says how to
# build it and how to pin the two images that it is made from.

# Node and npm. Of this image only Node itself gets into ours, just as its makers have built it.
ARG BUILD_IMAGE=docker.io/library/node:26.10.0-trixie-slim
# glibc and libstdc++, and no shell. Its glibc must not be older than that of BUILD_IMAGE.
ARG BASE_IMAGE=gcr.io/distroless/cc-debian13:nonroot

# The program is the same for all architectures, so it is built on that of the machine.
FROM --platform=$BUILDPLATFORM $BUILD_IMAGE AS build
WORKDIR /src
COPY package.json package-lock.json ./
# No package runs a script, `node` included: the Node that this image has is the one that is shipped.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci --ignore-scripts
COPY . .
# Without source maps, which Node reads only where it is told to, and the types of the package.
RUN npm run build \
  && mkdir -p /program/app/dist /empty \
  && cp package.json LICENSE /program/app \
  && cp -r dist/wave-cron.js dist/chunks dist/page dist/sbom.cdx.json dist/THIRD-PARTY-NOTICES.txt /program/app/dist \
  && rm /program/app/dist/chunks/*.map \
  && node image/kubectl-plugin.ts /program/usr/local/bin

FROM $BUILD_IMAGE AS node
# The base has no libatomic, which Node needs since version 25.
RUN mkdir -p /node/usr/local/bin /node/usr/lib \
  && cp "$(command -v node)" /node/usr/local/bin/node \
  && cp -L /usr/lib/*-linux-gnu/libatomic.so.1 /node/usr/lib

FROM $BASE_IMAGE AS program
COPY --from=node /node /
COPY --from=build /program /

# This also shows that Node and the program start on the base.
FROM program AS compiled
COPY image/compile.ts /
COPY --from=build --chown=65532:65532 /empty /app/dist/compile-cache
USER 65532:65532
ARG TARGETARCH
RUN ["/usr/local/bin/node", "/compile.ts", "/app/dist"]

FROM program
# Nobody who runs the program may write what it runs.
COPY --from=compiled --chown=0:0 /app/dist/compile-cache /app/dist/compile-cache
USER 65532:65532
# The first line of the program, which needs an `env` that the base does not have. A test holds them equal.
ENTRYPOINT ["/usr/local/bin/node", "--min-semi-space-size=4", "--max-semi-space-size=4", "--heap-growing-percent=30", "--no-opt", "--no-maglev", "/app/dist/wave-cron.js"]
ARG BASE_IMAGE
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="wave-cron" \
  org.opencontainers.image.description="Restarts Kubernetes workloads when a ConfigMap or Secret that they use changes" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="$VERSION" \
  org.opencontainers.image.revision="$REVISION" \
  org.opencontainers.image.source="$SOURCE" \
  org.opencontainers.image.base.name="$BASE_IMAGE"
