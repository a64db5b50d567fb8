# check=error=true
#
# What all images share. A language's Dockerfile is this file followed by <language>/Dockerfile. By hand:
#   cat base.Dockerfile python/Dockerfile | docker build --target runner -f - scripts \
#     --build-arg SOURCE_DATE_EPOCH=$(date --date=<day of DEBIAN_SNAPSHOT>T00:00:00Z +%s) --build-arg PULUMI_VERSION=… --build-arg PULUMI_SHA256_AMD64=… \
#     --build-arg PYTHON_HOSTS="<hosts in images/catalogue.ts>"
# Stage smoke also needs --build-context smoke-scripts-context=smoke and --build-context program=python/smoke.

# The state of Debian's archive that packages are installed from. It belongs to the Debian image below.
ARG DEBIAN_SNAPSHOT=20261005T000000Z
# The time of every file that a build creates, in seconds since 1970: the snapshot's time, set by the program. Each stage
# that runs something declares it, because tools such as useradd write today's date otherwise.
ARG SOURCE_DATE_EPOCH
# Which stage provides the smoke program of Go: golang-program-own, or golang-program-cross on a builder that emulates.
ARG GOLANG_PROGRAM=own

FROM debian:trixie-20261005-slim@sha256:a29215f6a35e51e22adffa17f89e9d2ef06214e64a2bad10d765c46aea49f11f AS debian

# Pulumi's archive for each architecture, checked against the published checksum while it is downloaded.
FROM scratch AS pulumi-amd64
ARG PULUMI_RELEASES=https://get.pulumi.com/releases/sdk
ARG PULUMI_VERSION
ARG PULUMI_SHA256_AMD64
ADD --checksum=sha256:${PULUMI_SHA256_AMD64} --unpack=true ${PULUMI_RELEASES}/pulumi-v${PULUMI_VERSION}-linux-x64.tar.gz /

FROM scratch AS pulumi-arm64
ARG PULUMI_RELEASES=https://get.pulumi.com/releases/sdk
ARG PULUMI_VERSION
ARG PULUMI_SHA256_ARM64
ADD --checksum=sha256:${PULUMI_SHA256_ARM64} --unpack=true ${PULUMI_RELEASES}/pulumi-v${PULUMI_VERSION}-linux-arm64.tar.gz /

FROM pulumi-${TARGETARCH} AS pulumi-release

# Mounted as /run/build by build steps: the folder scripts, and apt's sources. A value of DEBIAN_SNAPSHOTS that is not a
# URL means the base image's own sources.
FROM scratch AS build-scripts
ARG DEBIAN_SNAPSHOTS=http://snapshot.debian.org/archive
ARG DEBIAN_SNAPSHOT
COPY <<EOF /sources.list
deb [check-valid-until=no] $DEBIAN_SNAPSHOTS/debian/$DEBIAN_SNAPSHOT trixie main
deb [check-valid-until=no] $DEBIAN_SNAPSHOTS/debian/$DEBIAN_SNAPSHOT trixie-updates main
deb [check-valid-until=no] $DEBIAN_SNAPSHOTS/debian-security/$DEBIAN_SNAPSHOT trixie-security main
EOF
COPY --chmod=755 . /

# LANG: compilers and tools fail on file names beyond ASCII otherwise. USER: Pulumi needs a name, and a uid that a worker
# chooses has none. REQUESTS_CA_BUNDLE: Python's requests has certificates of its own. PATH: where pip, npm and others install
# a user's commands. Python is for Spacelift's plugins. pip.conf allows pip to install for the user and, as root, for the
# system, although Debian marks its Python as externally managed: an image belongs to one program, so nothing else can break.
# safe.directory: workspaces may belong to another user. sh is bash, because hooks were written for shells with `source`, `[[`.
FROM debian AS base
ARG SOURCE_DATE_EPOCH
ENV LANG=C.UTF-8 \
    USER=spacelift \
    PULUMI_SKIP_UPDATE_CHECK=true \
    REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt \
    PATH=/home/spacelift/.local/bin:$PATH
RUN --mount=from=build-scripts,target=/run/build \
    /run/build/apt-install bash bzip2 ca-certificates curl git jq less openssh-client patch procps \
        python-is-python3 python3 python3-pip python3-venv tzdata unzip wget xz-utils \
    && dpkg-divert --quiet --local --rename --divert /usr/bin/sh.dash --add /usr/bin/sh \
    && ln --symbolic bash /usr/bin/sh \
    && printf '[global]\nbreak-system-packages = true\n' >/etc/pip.conf \
    && git config --system --add safe.directory '*' \
    && useradd --uid 1983 --user-group --create-home --shell /bin/bash spacelift \
    && install --directory --owner=spacelift --group=spacelift /mnt/workspace \
        /home/spacelift/.local /home/spacelift/.local/bin /home/spacelift/.local/lib /home/spacelift/.local/lib/node_modules \
    && /run/build/settle /
WORKDIR /mnt/workspace

# The CA certificates of the network that a build runs in. `bases` replaces this stage if TLS is intercepted.
FROM base AS certificates

# /tree: the files of Pulumi in every image, the CLI and the YAML host. /pulumi: the whole release.
FROM debian AS pulumi
ARG SOURCE_DATE_EPOCH
COPY --from=pulumi-release /pulumi /pulumi
RUN --mount=from=build-scripts,target=/run/build \
    install -D --target-directory=/tree/usr/local/bin /pulumi/pulumi /pulumi/pulumi-language-yaml \
    && /run/build/settle /tree

# Mounted as /run/smoke by smoke stages: the folder smoke.
FROM scratch AS smoke-scripts
COPY --from=smoke-scripts-context --chmod=755 . /

