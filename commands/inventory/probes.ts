// What an image is asked. A new language needs a line here for each tool that it brings.

/** A question that a command in an image answers. */
export interface Probe {
  /** The row of the manifest: lower-case letters, digits and hyphens, since it names a file, too. */
  readonly name: string;
  /** A line of sh. */
  readonly command: string;
  /** What the answer looks like. Its first group is what goes into the manifest. */
  readonly answer: RegExp;
  /**
   * The command, or the file by its path, without which the question is left out. Where it is not given, the first word
   * of the command.
   */
  readonly needs?: string;
}

/** The tools of an image, in the order of the manifest. Each has one version. */
export const toolProbes: readonly Probe[] = [
  { name: "pulumi", command: "pulumi version", answer: /^v(\S+)$/m },
  { name: "os", command: '. /etc/os-release && echo "$PRETTY_NAME"', answer: /^(.+)$/m, needs: "/etc/os-release" },
  // The point release, which PRETTY_NAME leaves out.
  { name: "debian", command: "cat /etc/debian_version", answer: /^(\S+)$/m, needs: "/etc/debian_version" },
  {
    name: "ca-certificates",
    command: "dpkg-query --show --showformat '${Version}' ca-certificates",
    answer: /^(\S+)$/,
  },
  { name: "bash", command: "bash --version", answer: /version (\d[\d.]*)/ },
  { name: "git", command: "git --version", answer: /^git version (\S+)/m },
  { name: "curl", command: "curl --version", answer: /^curl (\S+)/m },
  { name: "jq", command: "jq --version", answer: /^jq-(\S+)/m },
  { name: "ssh", command: "ssh -V", answer: /^OpenSSH_([^\s,]+)/m },
  { name: "node", command: "node --version", answer: /^v(\S+)$/m },
  { name: "npm", command: "npm --version", answer: /^(\d\S*)$/m },
  { name: "yarn", command: "yarn --version", answer: /^(\d\S*)$/m },
  { name: "pnpm", command: "pnpm --version", answer: /^(\d\S*)$/m },
  { name: "corepack", command: "corepack --version", answer: /^(\d\S*)$/m },
  { name: "python", command: "python3 --version", answer: /^Python (\S+)/m },
  { name: "pip", command: "pip --version", answer: /^pip (\S+)/m },
  { name: "go", command: "go version", answer: /^go version go(\S+)/m },
  { name: "dotnet-sdk", command: "dotnet --version", answer: /^(\d\S*)$/m, needs: "dotnet" },
  { name: "java", command: "java -version", answer: /version "([^"]+)"/ },
  { name: "javac", command: "javac -version", answer: /^javac (\S+)/m },
  // Debian's writes it in bold, even to a file.
  { name: "maven", command: "mvn --version", answer: /Apache Maven (\d[\w.-]*)/, needs: "mvn" },
];

/**
 * Pulumi's language hosts, one on each line, among everything else on PATH. They have no option that tells their
 * version: they are those of the Pulumi release.
 */
export const hosts: Probe = {
  name: "hosts",
  command: `echo "$PATH" | tr : '\\n' | while read -r folder; do ls "$folder" 2>/dev/null; done; true`,
  // pulumi-language-python-exec is a part of the host for Python.
  answer: /^pulumi-language-([a-z0-9]+)$/gm,
  needs: "pulumi",
};

/** The Debian packages that are installed, one on each line with its version. */
export const packages: Probe = {
  name: "packages",
  command: "dpkg-query --show --showformat '${db:Status-Abbrev}${Package} ${Version}\\n'",
  answer: /^ii (\S+ \S+)$/gm,
};

/** Everything that is asked. */
export const probes: readonly Probe[] = [...toolProbes, hosts, packages];

/** What a command said, on both streams, and how it ended. */
export interface Answer {
  readonly exitCode: number;
  readonly text: string;
}

const folder = "/tmp/manifest";

/** The name of the file that holds how a probe's command ended; what it said is in the file of the probe's name. */
export function exitFile(name: string): string {
  return `${name}.exit`;
}

/**
 * A Dockerfile that asks an image everything, as its own user and without a network, and exports the answers alone. It
 * builds wherever images are built, on emulated platforms too, and needs no Docker daemon.
 */
export function askingDockerfile(reference: string): string {
  return [
    `FROM ${reference} AS image`,
    // The quoted word keeps BuildKit from replacing variables.
    `RUN --network=none <<'ASK'`,
    `mkdir ${folder} && cd ${folder} || exit 1`,
    `export PULUMI_SKIP_UPDATE_CHECK=true`,
    ...probes.map(ask),
    `ASK`,
    `FROM scratch`,
    `COPY --from=image ${folder} /`,
    ``,
  ].join("\n");
}

function ask({ name, command, needs = command.replace(/ .*/, "") }: Probe): string {
  const isThere = needs.startsWith("/") ? `[ -e ${needs} ]` : `command -v ${needs} >/dev/null`;
  return `if ${isThere}; then ( ${command} ) >${name} 2>&1; echo $? >${exitFile(name)}; fi`;
}
