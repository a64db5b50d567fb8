FROM golang:1.27.2-trixie@sha256:e58d6f83b3416618d8bcac2b3dde1b7f7e3c4a77d25e88637f8bbae81536c48d AS golang

# The same for the platform that builds, whatever the image's is.
FROM --platform=$BUILDPLATFORM golang:1.27.2-trixie@sha256:e58d6f83b3416618d8bcac2b3dde1b7f7e3c4a77d25e88637f8bbae81536c48d AS golang-native

# Links in /usr/local/bin, so that go is found under any PATH. Go's own tests and API lists stay behind.
FROM golang AS golang-tools
ARG SOURCE_DATE_EPOCH
RUN --mount=from=build-scripts,target=/run/build \
    mkdir --parents /tree/usr/local/bin \
    && cp --archive /usr/local/go /tree/usr/local/go \
    && rm -rf /tree/usr/local/go/api /tree/usr/local/go/doc /tree/usr/local/go/test \
    && ln --symbolic ../go/bin/go ../go/bin/gofmt /tree/usr/local/bin \
    && /run/build/settle /tree

FROM pulumi AS golang-hosts
ARG SOURCE_DATE_EPOCH
RUN --mount=from=build-scripts,target=/run/build \
    install -D --target-directory=/hosts/usr/local/bin /pulumi/pulumi-language-go \
    && /run/build/settle /hosts

FROM base AS runner
COPY --link --from=golang-tools /tree/ /
COPY --link --from=pulumi /tree/ /
COPY --link --from=golang-hosts /hosts/ /
# Where `go install` puts commands. The module and build caches are where Go looks by default: in HOME.
ENV PATH=/home/spacelift/go/bin:$PATH
USER spacelift

FROM scratch AS golang-program
ARG PULUMI_VERSION
COPY <<'EOF' /Pulumi.yaml
name: smoke
runtime: go
EOF
COPY <<EOF /go.mod
module smoke

go 1.20

require github.com/pulumi/pulumi/sdk/v3 v$PULUMI_VERSION
EOF
COPY <<'EOF' /main.go
package main

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		ctx.Export("answer", pulumi.Sprintf("hello from %s", pulumi.String("go")))
		return nil
	})
}
EOF

# Compiling takes up to 70 times as long on a platform that is emulated: its smoke program is compiled here instead.
FROM golang-native AS golang-cross
ARG BUILDPLATFORM
ARG TARGETPLATFORM
ARG TARGETARCH
WORKDIR /program
COPY --from=golang-program / .
RUN --mount=from=certificates,source=/etc/ssl/certs,target=/etc/ssl/certs \
    --mount=type=cache,id=runner-pulumi-go,target=/root/.cache/go-build \
    [ "$BUILDPLATFORM" = "$TARGETPLATFORM" ] \
    || { go mod tidy && CGO_ENABLED=0 GOARCH=$TARGETARCH go build -o smoke . \
        && echo '{name: smoke, runtime: {name: go, options: {binary: smoke}}}' >Pulumi.yaml; }

FROM runner AS smoke
ARG PULUMI_VERSION
RUN --network=none --mount=from=smoke-scripts,target=/run/smoke /run/smoke/contract
RUN --network=none go version && go env GOROOT && gofmt -h 2>&1 | head -1
WORKDIR /mnt/workspace/golang
COPY --from=golang-cross --chown=spacelift:spacelift /program .
RUN --mount=from=certificates,source=/etc/ssl/certs,target=/etc/ssl/certs \
    go mod tidy && go list -m -json all >/dev/null
# What Go has compiled for one version of Pulumi, the next one need not compile again: half of it is the same. Smoke tests
# alone have it: a cache decides nothing of what is published.
RUN --network=none --mount=from=smoke-scripts,target=/run/smoke \
    --mount=type=cache,id=runner-pulumi-golang-smoke,target=/home/spacelift/.cache,uid=1983,gid=1983 \
    /run/smoke/up "hello from go"
