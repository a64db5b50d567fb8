FROM mcr.microsoft.com/dotnet/sdk:10.0.401-noble@sha256:e70cdb7f80b0348f5cb85f19a8f670fca061f033d57eed12fa003d58b0e06317 AS dotnet

# The SDK with the runtimes, where the official image has them. PowerShell stays behind.
FROM dotnet AS dotnet-tools
ARG SOURCE_DATE_EPOCH
RUN --mount=from=build-scripts,target=/run/build \
    mkdir --parents /tree/usr/share /tree/usr/local/bin \
    && cp --archive /usr/share/dotnet /tree/usr/share/dotnet \
    && ln --symbolic ../../share/dotnet/dotnet /tree/usr/local/bin/dotnet \
    && /run/build/settle /tree

FROM pulumi AS dotnet-hosts
ARG SOURCE_DATE_EPOCH
RUN --mount=from=build-scripts,target=/run/build \
    install -D --target-directory=/hosts/usr/local/bin /pulumi/pulumi-language-dotnet \
    && /run/build/settle /hosts

# What the runtime needs of Debian 13: https://learn.microsoft.com/dotnet/core/install/linux-debian#dependencies
FROM base AS runner
ARG SOURCE_DATE_EPOCH
RUN --mount=from=build-scripts,target=/run/build \
    /run/build/apt-install libicu76 libssl3t64 libstdc++6 \
    && /run/build/settle /
COPY --link --from=dotnet-tools /tree/ /
COPY --link --from=pulumi /tree/ /
COPY --link --from=dotnet-hosts /hosts/ /
# DOTNET_ROOT is where `dotnet tool` looks for the runtime; it puts commands into HOME. The others are the official
# image's: no banner, no development certificate, no documentation unpacked, and the runtime knows where it runs.
ENV DOTNET_ROOT=/usr/share/dotnet \
    DOTNET_NOLOGO=true \
    DOTNET_GENERATE_ASPNET_CERTIFICATE=false \
    DOTNET_RUNNING_IN_CONTAINER=true \
    NUGET_XMLDOC_MODE=skip \
    PATH=/home/spacelift/.dotnet/tools:$PATH
USER spacelift

FROM runner AS smoke
ARG PULUMI_VERSION
RUN --network=none --mount=from=smoke-scripts,target=/run/smoke /run/smoke/contract
RUN --network=none dotnet --version && [ -x "$DOTNET_ROOT/dotnet" ]
WORKDIR /mnt/workspace/dotnet
COPY --chown=spacelift:spacelift <<'EOF' Pulumi.yaml
name: smoke
runtime: dotnet
EOF
# The range of Pulumi's own template: a program gets the newest SDK of the major version.
COPY --chown=spacelift:spacelift <<'EOF' smoke.csproj
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <Nullable>enable</Nullable>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="Pulumi" Version="3.*" />
  </ItemGroup>
</Project>
EOF
COPY --chown=spacelift:spacelift <<'EOF' Program.cs
using System.Collections.Generic;

return await Pulumi.Deployment.RunAsync(() => new Dictionary<string, object?> { ["answer"] = "hello from dotnet" });
EOF
# A floating version is looked up at every build, so the network stays for `up`.
RUN --mount=from=certificates,source=/etc/ssl/certs,target=/etc/ssl/certs \
    --mount=from=smoke-scripts,target=/run/smoke \
    dotnet build && /run/smoke/up "hello from dotnet"
