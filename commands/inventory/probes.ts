/** A command that runs in an image to find out what is inside. A new language needs a probe of its toolchain. */
export interface Probe {
  /** The name of the row: lower-case letters, digits and hyphens, because it is a file name too. */
  readonly name: string;
  /** A line of sh. It is skipped in images that do not have its first word. */
  readonly command: string;
  /** Matches the expected output, both streams. Its first group is the version. */
  readonly answer: RegExp;
  /** The language whose toolchain this is. */
  readonly toolchain?: string;
}

/** The tools of an image, in the order of the rows. Each has one version. */
export const toolProbes: readonly Probe[] = [
  { name: "pulumi", command: "pulumi version", answer: /^v(\S+)$/m },
  {
    name: "os",
    // Debian's VERSION_ID leaves out the point release.
    command: '. /etc/os-release && echo "$ID $(cat /etc/debian_version 2>/dev/null || echo "$VERSION_ID")"',
    answer: /^(\S+ \S+)$/m,
  },
  { name: "ca-certificates", command: "dpkg-query -W -f '${Version}' ca-certificates", answer: /^(\S+)$/ },
  { name: "bash", command: "bash --version", answer: /version (\d[\d.]*)/ },
  { name: "git", command: "git --version", answer: /^git version (\S+)/m },
  { name: "curl", command: "curl --version", answer: /^curl (\S+)/m },
  { name: "jq", command: "jq --version", answer: /^jq-(\S+)/m },
  { name: "ssh", command: "ssh -V", answer: /^OpenSSH_([^\s,]+)/m },
  { name: "node", toolchain: "javascript", command: "node --version", answer: /^v(\S+)$/m },
  { name: "npm", command: "npm --version", answer: /^(\d\S*)$/m },
  { name: "yarn", command: "yarn --version", answer: /^(\d\S*)$/m },
  { name: "bun", command: "bun --version", answer: /^(\d\S*)$/m },
  { name: "pnpm", command: "pnpm --version", answer: /^(\d\S*)$/m },
  { name: "corepack", command: "corepack --version", answer: /^(\d\S*)$/m },
  { name: "python", toolchain: "python", command: "python3 --version", answer: /^Python (\S+)/m },
  { name: "pip", command: "pip --version", answer: /^pip (\S+)/m },
  { name: "poetry", command: "poetry --version", answer: /version (\d[^\s)]*)/ },
  { name: "uv", command: "uv --version", answer: /^uv (\S+)/m },
  { name: "gcc", command: "gcc -dumpfullversion", answer: /^(\d\S*)$/m },
  { name: "go", toolchain: "golang", command: "go version", answer: /^go version go(\S+)/m },
  { name: "dotnet-sdk", toolchain: "dotnet", command: "dotnet --version", answer: /^(\d\S*)$/m },
  { name: "java", toolchain: "java", command: "java -version", answer: /version "([^"]+)"/ },
  { name: "javac", command: "javac -version", answer: /^javac (\S+)/m },
  // Debian's maven prints it in bold, even to a file.
  { name: "maven", command: "mvn --version", answer: /Apache Maven (\d[\w.-]*)/ },
];

/** Lists the commands on PATH, among them Pulumi's language hosts. These have no version but that of Pulumi. */
export const hosts: Probe = {
  name: "hosts",
  command: `echo "$PATH" | tr : '\\n' | while read -r folder; do ls "$folder" 2>/dev/null; done; true`,
  // pulumi-language-python-exec is a part of the host for Python.
  answer: /^pulumi-language-([a-z0-9]+)$/m,
};

/** Lists the installed Debian packages, each with its version. */
export const packages: Probe = {
  name: "packages",
  command: "dpkg-query -W -f '${db:Status-Abbrev}${Package} ${Version}\\n'",
  answer: /^ii (\S+ \S+)$/m,
};

/** All of them. */
export const probes: readonly Probe[] = [...toolProbes, hosts, packages];
