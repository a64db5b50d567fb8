import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { types } from "@pulumi/aws";

import type { Language } from "./catalogue";
import type { Platform } from "./platform";

/** What ECR Public's gallery calls an architecture. */
const architectures: Readonly<Record<Platform, string>> = { "linux/amd64": "x86-64", "linux/arm64": "ARM 64" };

/** What ECR Public's gallery shows of a language's repository. */
export function catalogueData(language: Language, platforms: readonly Platform[]) {
  return {
    description: language.description,
    aboutText: fill("about", language),
    usageText: fill("usage", language),
    architectures: platforms.map((platform) => architectures[platform]),
    operatingSystems: ["Linux"],
  } satisfies types.input.ecrpublic.RepositoryCatalogData;
}

/** A text of images/texts with {{name}}, {{title}} and {{description}} filled in. */
function fill(text: string, language: Language): string {
  const template = readFileSync(join(__dirname, "texts", `${text}.md`), "utf8");
  return template.replace(/\{\{(name|title|description)\}\}/g, (_, key: keyof Language) => language[key]);
}
