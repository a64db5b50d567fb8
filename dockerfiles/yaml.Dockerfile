# Pulumi and its YAML host alone: also a base for what no other image has.
FROM base AS runner
COPY --link --from=pulumi /tree/ /
USER spacelift

FROM runner AS smoke
ARG PULUMI_VERSION
# The contract runs a YAML program.
RUN --network=none --mount=from=smoke-scripts,target=/run/smoke /run/smoke/contract
