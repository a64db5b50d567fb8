FROM node:24.21.0-trixie-slim@sha256:173f125896c3b47ddf056734c7ea789d04595a6a08769a8f78e0df642781fb66 AS node

# Yarn and pnpm are installed, not left to corepack: corepack fetches them when they are first called, which a worker
# without a way out cannot do, and Node leaves it out from 25 on. corepack itself stays for projects that name another
# version in `packageManager`. Headers, manuals and the image's own Yarn stay behind.
FROM node AS javascript-tools
ARG SOURCE_DATE_EPOCH
# renovate: datasource=npm depName=yarn
ARG YARN_VERSION=1.22.22
# renovate: datasource=npm depName=pnpm
ARG PNPM_VERSION=11.28.10
ENV NODE_OPTIONS=--use-system-ca
RUN --mount=from=build-scripts,target=/run/build \
    --mount=from=certificates,source=/etc/ssl/certs,target=/etc/ssl/certs \
    --mount=type=tmpfs,target=/root \
    mkdir --parents /tree/usr/local/bin /tree/usr/local/lib/node_modules \
    && cd /usr/local \
    && cp --archive --parents bin/node bin/npm bin/npx bin/corepack lib/node_modules/npm lib/node_modules/corepack /tree/usr/local \
    && npm install --global --ignore-scripts --no-audit --no-fund --no-update-notifier --prefix /tree/usr/local yarn@$YARN_VERSION pnpm@$PNPM_VERSION \
    && chown --recursive --no-dereference root:root /tree \
    && /run/build/settle /tree

FROM pulumi AS javascript-hosts
ARG SOURCE_DATE_EPOCH
RUN --mount=from=build-scripts,target=/run/build \
    install -D --target-directory=/hosts/usr/local/bin $(find /pulumi -name '*-nodejs' -o -name pulumi-analyzer-policy) \
    && /run/build/settle /hosts

FROM base AS runner
COPY --link --from=javascript-tools /tree/ /
COPY --link --from=pulumi /tree/ /
COPY --link --from=javascript-hosts /hosts/ /
USER spacelift

FROM runner AS smoke
ARG PULUMI_VERSION
RUN --network=none --mount=from=smoke-scripts,target=/run/smoke /run/smoke/contract
RUN --network=none node --version && npm --version && yarn --version && pnpm --version && corepack --version
WORKDIR /mnt/workspace/javascript
# The ranges of Pulumi's own template: a program gets the newest SDK of the major version.
COPY --chown=spacelift:spacelift <<'EOF' package.json
{
  "name": "smoke",
  "main": "index.ts",
  "dependencies": { "@pulumi/pulumi": "^3.0.0" },
  "devDependencies": { "@types/node": "^24", "typescript": "^5.0.0" }
}
EOF
COPY --chown=spacelift:spacelift <<'EOF' Pulumi.yaml
name: smoke
runtime: nodejs
EOF
COPY --chown=spacelift:spacelift <<'EOF' index.ts
import * as pulumi from "@pulumi/pulumi";

export const answer: pulumi.Output<string> = pulumi.interpolate`hello from ${pulumi.output("typescript")}`;
EOF
RUN --mount=from=certificates,source=/etc/ssl/certs,target=/etc/ssl/certs \
    NODE_OPTIONS=--use-system-ca npm install --no-audit --no-fund --no-update-notifier
RUN --network=none --mount=from=smoke-scripts,target=/run/smoke /run/smoke/up "hello from typescript"
