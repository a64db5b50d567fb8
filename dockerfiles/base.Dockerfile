# check=error=true
#
# The part that every image shares. A language's Dockerfile is this file followed by <language>.Dockerfile:
#   cat base.Dockerfile python.Dockerfile | docker build --target runner -f - context \
#     --build-arg SOURCE_DATE_EPOCH=$(date --date=<the day of DEBIAN_SNAPSHOT>T00:00:00Z +%s) --build-arg PULUMI_VERSION=… --build-arg PULUMI_SHA256_AMD64=…

# The state of Debian's archive that packages are installed from: that of the Debian image below.
ARG DEBIAN_SNAPSHOT=20261005T000000Z
# The time of every file that a build makes, in seconds since 1970: that of the snapshot, which whoever builds gives.
# Each stage that runs something declares it, because tools such as useradd write today's date without it.
ARG SOURCE_DATE_EPOCH

FROM debian:trixie-20261005-slim@sha256:a29215f6a35e51e22adffa17f89e9d2ef06214e64a2bad10d765c46aea49f11f AS debian

# What Pulumi published for each architecture, checked against the published sum while it is fetched.
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

# What the build steps run and no image keeps.
FROM scratch AS build-scripts
# Where Debian keeps its snapshots. When it is no URL, packages come from the base's own sources, as they are that day.
ARG DEBIAN_SNAPSHOTS=http://snapshot.debian.org/archive
ARG DEBIAN_SNAPSHOT
COPY <<EOF /sources.list
deb [check-valid-until=no] $DEBIAN_SNAPSHOTS/debian/$DEBIAN_SNAPSHOT trixie main
deb [check-valid-until=no] $DEBIAN_SNAPSHOTS/debian/$DEBIAN_SNAPSHOT trixie-updates main
deb [check-valid-until=no] $DEBIAN_SNAPSHOTS/debian-security/$DEBIAN_SNAPSHOT trixie-security main
EOF
COPY --chmod=755 <<'EOF' /settle
#!/bin/sh
# settle DIRECTORY: gives whatever is newer than SOURCE_DATE_EPOCH that time, so that each build makes the same layer.
# The exporter's rewrite-timestamp would do it too, but at every export: 16 s for 176 MB, even where only a tag changes.
set -eu
find "$1" -xdev ! -path /etc/hosts ! -path /etc/resolv.conf ! -path /dev ! -path /proc ! -path /sys \
    ! -path '/run/build*' -newermt "@$SOURCE_DATE_EPOCH" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
EOF
COPY --chmod=755 <<'EOF' /apt-install
#!/bin/sh
# apt-install PACKAGE…: installs Debian packages and leaves nothing behind that differs from build to build.
set -eu
export DEBIAN_FRONTEND=noninteractive APT_CONFIG=/tmp/apt.conf
sources=/run/build/sources.list
: >$APT_CONFIG
! grep -q '] http' $sources || echo "Dir::Etc { SourceList \"$sources\"; SourceParts \"/dev/null\"; };" >$APT_CONFIG
# By itself, apt takes an index that it cannot reach for a warning, and installs without security updates.
apt-get update -qq -o APT::Update::Error-Mode=any
# What it says fills a log that only a failure needs. The provider drops what a build says right before it fails.
apt-get install -qq --yes --no-install-recommends "$@" >/tmp/apt.log || { tail -n 20 /tmp/apt.log >&2; sleep 1; exit 1; }
apt-get clean
rm /tmp/apt.log /tmp/apt.conf
rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache /var/log/apt /var/log/*.log /run/adduser
EOF

FROM debian AS base
ARG SOURCE_DATE_EPOCH
RUN --mount=from=build-scripts,target=/run/build \
    /run/build/apt-install bash ca-certificates curl git jq openssh-client procps tzdata wget \
    && useradd --uid 1983 --user-group --create-home --shell /bin/bash spacelift \
    && install --directory --owner=spacelift --group=spacelift /mnt/workspace \
    && /run/build/settle /
WORKDIR /mnt/workspace

# The CA certificates of the network that a build runs in. Where TLS is intercepted, `bases` replaces this stage.
FROM base AS certificates

# /tree: what every image gets of Pulumi, the CLI and the YAML host. /pulumi: the whole release.
FROM debian AS pulumi
ARG SOURCE_DATE_EPOCH
COPY --from=pulumi-release /pulumi /pulumi
RUN --mount=from=build-scripts,target=/run/build \
    install -D --target-directory=/tree/usr/local/bin /pulumi/pulumi /pulumi/pulumi-language-yaml \
    && /run/build/settle /tree

# What the smoke stages run: `contract` holds an image against what every image promises, `up` runs the Pulumi program
# of the working directory on a backend of its own.
FROM scratch AS smoke-scripts
COPY --chmod=755 <<'EOF' /contract
#!/bin/bash
set -euo pipefail
# The provider drops what a build says right before it fails.
trap '[ $? = 0 ] || sleep 1' EXIT
expect() { [ "$2" = "$3" ] || { echo "contract: $1 is \"$2\", not \"$3\"" >&2; exit 1; }; }
expect "pulumi version" "$(pulumi version)" "v$PULUMI_VERSION"
expect "the user" "$(id --user --name):$(id --user):$(id --group)" "spacelift:1983:1983"
expect "the owner of HOME" "$(stat --format=%U "$HOME")" spacelift
expect "the time zone" "$(TZ=Europe/Warsaw date --date=@1791158400 +%H:%M)" 02:00
for tool in bash curl git jq ps ssh wget; do command -v "$tool" >/dev/null || expect "$tool" missing there; done
ps -p 1 >/dev/null
test -s /etc/ssl/certs/ca-certificates.crt
touch "$HOME/smoke" /mnt/workspace/smoke && rm "$HOME/smoke" /mnt/workspace/smoke
mkdir /mnt/workspace/yaml && cd /mnt/workspace/yaml
printf 'name: smoke\nruntime: yaml\noutputs:\n  answer: hello from yaml\n' >Pulumi.yaml
"$(dirname "$0")/up" "hello from yaml"
EOF
COPY --chmod=755 <<'EOF' /up
#!/bin/bash
# up ANSWER: the program's stack output "answer" must be ANSWER.
set -euo pipefail
# The provider drops what a build says right before it fails.
trap '[ $? = 0 ] || sleep 1' EXIT
state=$(mktemp --directory)
export PULUMI_BACKEND_URL="file://$state" PULUMI_CONFIG_PASSPHRASE=smoke PULUMI_SKIP_UPDATE_CHECK=true
pulumi stack init smoke
pulumi up --yes --skip-preview --non-interactive
answer=$(pulumi stack output answer)
[ "$answer" = "$1" ] || { echo "smoke: the stack's output is \"$answer\", not \"$1\"" >&2; exit 1; }
EOF
