# What our image for JavaScript contains, in the layouts of others. It follows our Dockerfile, whose bases and stages it uses.
# Their Dockerfiles also install what packages only recommend; here they do not, so that the contents are the same. Node.js is
# copied, and apt cleans up as it does in the official images, because substitutes of these keep apt's files.
FROM debian AS layout-debian
RUN printf 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };\nAcquire::GzipIndexes "true";\n' >/etc/apt/apt.conf.d/docker-clean

FROM layout-debian AS layout-node
COPY --from=node /usr/local /usr/local

# Pulumi's slim image: https://github.com/pulumi/pulumi-docker-containers/blob/main/docker/nodejs/Dockerfile
FROM layout-node AS layout-slim
ARG APT_PACKAGES YARN_VERSION PNPM_VERSION
WORKDIR /pulumi/projects
RUN apt-get update -y && apt-get install -y --no-install-recommends $APT_PACKAGES
RUN --mount=from=certificates,source=/etc/ssl/certs,target=/etc/ssl/certs \
    NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt npm install -g --force --ignore-scripts yarn@$YARN_VERSION pnpm@$PNPM_VERSION
COPY --from=javascript-tools /tree/usr/local/bin/bun /usr/local/bin/bun
COPY --from=pulumi-release /pulumi/pulumi /pulumi/bin/pulumi
COPY --from=pulumi-release /pulumi/pulumi-language-nodejs /pulumi/bin/
COPY --from=pulumi-release /pulumi/pulumi-language-yaml /pulumi/bin/
ENV PATH="/pulumi/bin:${PATH}"

# Spacelift's images today: https://github.com/spacelift-io/runner-pulumi/blob/main/base-debian/Dockerfile. The archive is
# mounted here instead of downloaded.
FROM layout-debian AS layout-archive
ARG APT_PACKAGES YARN_VERSION PNPM_VERSION
RUN useradd --uid 1983 --create-home spacelift
WORKDIR /home/spacelift
RUN apt-get update && apt-get install -y --no-install-recommends $APT_PACKAGES
RUN --mount=from=pulumi-release,source=/pulumi,target=/release cp -r /release pulumi; mv pulumi/* /usr/local/bin/; rm -rf pulumi
COPY --from=node /usr/local /usr/local
RUN --mount=from=certificates,source=/etc/ssl/certs,target=/etc/ssl/certs \
    NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt npm install -g --force --ignore-scripts yarn@$YARN_VERSION pnpm@$PNPM_VERSION
COPY --from=javascript-tools /tree/usr/local/bin/bun /usr/local/bin/bun
USER spacelift

# A first Dockerfile as many people write it: all of Pulumi in a home directory whose owner changes afterwards.
FROM layout-node AS layout-home
ARG APT_PACKAGES YARN_VERSION PNPM_VERSION
RUN apt-get update && apt-get install -y --no-install-recommends $APT_PACKAGES
RUN --mount=from=certificates,source=/etc/ssl/certs,target=/etc/ssl/certs \
    NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt npm install -g --force --ignore-scripts yarn@$YARN_VERSION pnpm@$PNPM_VERSION
COPY --from=javascript-tools /tree/usr/local/bin/bun /usr/local/bin/bun
COPY --from=pulumi-release /pulumi /home/spacelift/.pulumi/bin
RUN useradd --uid 1983 spacelift && chown -R spacelift /home/spacelift
USER spacelift
ENV PATH="/home/spacelift/.pulumi/bin:${PATH}"
