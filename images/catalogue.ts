/** A language with a runner image. Its Dockerfile and its smoke program are in `dockerfiles/<name>`. */
export interface Language {
  /** The last part of the repository name: `runner-pulumi-<name>`. */
  readonly name: string;
  /** Label `title`: a few words. */
  readonly title: string;
  /** Label `description`: one sentence. */
  readonly description: string;
}

/** Every language that is released. */
export const catalogue: readonly Language[] = [
  {
    name: "javascript",
    title: "Pulumi runner for JavaScript and TypeScript",
    description: "Pulumi CLI with Node.js, npm, Yarn and pnpm.",
  },
  { name: "python", title: "Pulumi runner for Python", description: "Pulumi CLI with Python, pip and venv." },
  { name: "golang", title: "Pulumi runner for Go", description: "Pulumi CLI with the Go toolchain." },
  { name: "dotnet", title: "Pulumi runner for .NET", description: "Pulumi CLI with the .NET SDK." },
  { name: "java", title: "Pulumi runner for Java", description: "Pulumi CLI with a JDK and Maven." },
  { name: "yaml", title: "Pulumi runner for YAML", description: "Pulumi CLI with the YAML language alone." },
];
