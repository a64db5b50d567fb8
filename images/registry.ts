/** The repository of a language's images in a registry: `<registry>/runner-pulumi-<language>`. */
export function repositoryUri(registry: string, language: string): string {
  return `${registry}/runner-pulumi-${language}`;
}
