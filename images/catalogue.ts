/** A language with a runner image. Its Dockerfile and its smoke program are in `dockerfiles/<name>`. */
export interface Language {
  /** The last part of the repository name: `runner-pulumi-<name>`. */
  readonly name: string;
  /** Label `title`: a few words. */
  readonly title: string;
  /** Label `description`: one sentence. */
  readonly description: string;
  /** The files of Pulumi's archive that only its image has: those without which it is not released. */
  readonly hosts?: readonly string[];
  /** More of them, which only some versions of Pulumi have. */
  readonly optionalHosts?: readonly string[];
  /** The languages whose toolchains and hosts its image has too. */
  readonly includes?: readonly string[];
}

/** The files of Pulumi's archive in every image. Without them, nothing is released. */
export const sharedHosts: readonly string[] = ["pulumi", "pulumi-language-yaml"];

/** The files of Pulumi's archive that no image has on purpose, with the reason. */
export const unusedHosts: Readonly<Record<string, string>> = {
  "pulumi-language-hcl": "the CLI downloads it at its first use",
  "pulumi-language-pcl": "a form between two languages of `pulumi convert`",
  "pulumi-watch": "only `pulumi watch` needs it",
};

/** Every language that is released. */
export const catalogue: readonly Language[] = [
  {
    name: "javascript",
    title: "Pulumi runner for JavaScript and TypeScript",
    description: "Pulumi CLI with Node.js, npm, Yarn, pnpm and Bun.",
    hosts: ["pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"],
    optionalHosts: ["pulumi-analyzer-policy", "pulumi-language-bun"],
  },
  {
    name: "python",
    title: "Pulumi runner for Python",
    description: "Pulumi CLI with Python, pip, Poetry and uv.",
    hosts: ["pulumi-language-python", "pulumi-language-python-exec", "pulumi-resource-pulumi-python"],
    optionalHosts: ["pulumi-analyzer-policy-python"],
  },
  {
    name: "golang",
    title: "Pulumi runner for Go",
    description: "Pulumi CLI with the Go toolchain.",
    hosts: ["pulumi-language-go"],
  },
  {
    name: "dotnet",
    title: "Pulumi runner for .NET",
    description: "Pulumi CLI with the .NET SDK.",
    hosts: ["pulumi-language-dotnet"],
  },
  {
    name: "java",
    title: "Pulumi runner for Java",
    description: "Pulumi CLI with a JDK and Maven.",
    hosts: ["pulumi-language-java"],
  },
  { name: "yaml", title: "Pulumi runner for YAML", description: "Pulumi CLI with the YAML language alone." },
  {
    name: "full",
    title: "Pulumi runner for several languages",
    description: "Pulumi CLI with the toolchains of JavaScript, Python, Go, .NET and Java.",
    includes: ["javascript", "python", "golang", "dotnet", "java"],
  },
];
