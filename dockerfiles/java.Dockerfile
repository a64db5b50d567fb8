# Debian's LTS JDK. Maven is Debian's too; Gradle comes with a project's own wrapper, which needs nothing but the JDK.
# Java's key store of CA certificates is written again, from the same certificates: Debian's has salts and times of its
# making. Without encryption and MAC it has none, and Java reads it all the same.
# The JDK's packages link to manuals, in a folder that Debian's slim image leaves out (https://bugs.debian.org/863199).
FROM base AS java
ARG SOURCE_DATE_EPOCH
RUN --mount=from=build-scripts,target=/run/build \
    mkdir --parents /usr/share/man/man1 \
    && /run/build/apt-install default-jdk-headless maven \
    && openssl pkcs12 -export -nokeys -jdktrust anyExtendedKeyUsage -certpbe NONE -nomac -passout pass: \
        -in /etc/ssl/certs/ca-certificates.crt -out /etc/ssl/certs/java/cacerts \
    && rm -rf /tmp/hsperfdata_root \
    && /run/build/settle /

FROM pulumi AS java-hosts
ARG SOURCE_DATE_EPOCH
RUN --mount=from=build-scripts,target=/run/build \
    install -D --target-directory=/hosts/usr/local/bin /pulumi/pulumi-language-java \
    && /run/build/settle /hosts

FROM java AS runner
COPY --link --from=pulumi /tree/ /
COPY --link --from=java-hosts /hosts/ /
# Debian's link to its default JDK, the same on every architecture.
ENV JAVA_HOME=/usr/lib/jvm/default-java
USER spacelift

FROM runner AS smoke
ARG PULUMI_VERSION
RUN --network=none --mount=from=smoke-scripts,target=/run/smoke /run/smoke/contract
RUN --network=none java -version && javac -version && mvn --version && "$JAVA_HOME/bin/jar" --version
# As many CA certificates as the system has.
RUN --network=none [ "$(keytool -list -cacerts -storepass changeit | grep -c trustedCertEntry)" = "$(grep -c BEGIN /etc/ssl/certs/ca-certificates.crt)" ]
WORKDIR /mnt/workspace/java
COPY --chown=spacelift:spacelift <<'EOF' Pulumi.yaml
name: smoke
runtime: java
EOF
COPY --chown=spacelift:spacelift <<'EOF' pom.xml
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>smoke</groupId>
  <artifactId>smoke</artifactId>
  <version>1</version>
  <properties>
    <maven.compiler.release>11</maven.compiler.release>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
    <mainClass>smoke.App</mainClass>
    <mainArgs/>
  </properties>
  <dependencies>
    <dependency>
      <groupId>com.pulumi</groupId>
      <artifactId>pulumi</artifactId>
      <version>1.20.0</version>
    </dependency>
  </dependencies>
  <build>
    <plugins>
      <plugin>
        <groupId>org.codehaus.mojo</groupId>
        <artifactId>exec-maven-plugin</artifactId>
        <version>3.5.0</version>
        <configuration>
          <mainClass>${mainClass}</mainClass>
          <commandlineArgs>${mainArgs}</commandlineArgs>
        </configuration>
      </plugin>
    </plugins>
  </build>
</project>
EOF
COPY --chown=spacelift:spacelift <<'EOF' src/main/java/smoke/App.java
package smoke;

import com.pulumi.Pulumi;
import com.pulumi.core.Output;

public class App {
    public static void main(String[] args) {
        Pulumi.run(context -> context.export("answer", Output.of("hello from java")));
    }
}
EOF
# Java reads no PEM bundle: it gets the network's certificates as a key store, for this step alone.
RUN --mount=from=certificates,source=/etc/ssl/certs,target=/run/certificates \
    openssl pkcs12 -export -nokeys -jdktrust anyExtendedKeyUsage -certpbe NONE -nomac -passout pass: \
        -in /run/certificates/ca-certificates.crt -out /tmp/cacerts \
    && MAVEN_OPTS=-Djavax.net.ssl.trustStore=/tmp/cacerts mvn --quiet --batch-mode compile exec:java \
        -DmainClass=com.pulumi.bootstrap.internal.Main -DmainArgs=packages \
    && mkdir .mvn && echo --offline >.mvn/maven.config
RUN --network=none --mount=from=smoke-scripts,target=/run/smoke /run/smoke/up "hello from java"
