# pip.conf lets pip install for the user and, as root, for the system, although Debian marks its Python as externally
# managed: an image belongs to one program, so nothing else can break. A file, because a variable can be lost on the way.
FROM base AS python
ARG SOURCE_DATE_EPOCH
RUN --mount=from=build-scripts,target=/run/build \
    /run/build/apt-install python3 python3-dev python3-pip python3-venv python-is-python3 \
    && printf '[global]\nbreak-system-packages = true\n' >/etc/pip.conf \
    && /run/build/settle /

FROM pulumi AS python-hosts
ARG SOURCE_DATE_EPOCH
RUN --mount=from=build-scripts,target=/run/build \
    install -D --target-directory=/hosts/usr/local/bin $(find /pulumi -name '*-python*') \
    && /run/build/settle /hosts

FROM python AS runner
COPY --link --from=pulumi /tree/ /
COPY --link --from=python-hosts /hosts/ /
# Where pip puts commands that it installs for the user.
ENV PATH=/home/spacelift/.local/bin:$PATH
USER spacelift

FROM runner AS smoke
ARG PULUMI_VERSION
RUN --network=none --mount=from=smoke-scripts,target=/run/smoke /run/smoke/contract
RUN --network=none python --version && python3 --version && pip --version \
    && test -f "$(python3 -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h"
RUN --mount=from=certificates,source=/etc/ssl/certs,target=/etc/ssl/certs \
    pip install --no-cache-dir cowsay==6.1 && python -c 'import cowsay' && cowsay --text moo
USER root
RUN --mount=from=certificates,source=/etc/ssl/certs,target=/etc/ssl/certs \
    pip install --no-cache-dir --root-user-action=ignore iniconfig==2.1.0 && python -c 'import iniconfig'
USER spacelift
WORKDIR /mnt/workspace/python
# The range of Pulumi's own template: a program gets the newest SDK of the major version.
COPY --chown=spacelift:spacelift <<'EOF' requirements.txt
pulumi>=3.0.0,<4.0.0
EOF
COPY --chown=spacelift:spacelift <<'EOF' Pulumi.yaml
name: smoke
runtime:
  name: python
  options:
    virtualenv: venv
EOF
COPY --chown=spacelift:spacelift <<'EOF' __main__.py
import pulumi

pulumi.export("answer", pulumi.Output.concat("hello from ", "python"))
EOF
RUN --mount=from=certificates,source=/etc/ssl/certs,target=/etc/ssl/certs \
    python -m venv venv && venv/bin/pip install --no-cache-dir --requirement requirements.txt
RUN --network=none --mount=from=smoke-scripts,target=/run/smoke /run/smoke/up "hello from python"
