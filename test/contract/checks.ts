import type { Check } from "./check";
import { checks as common } from "./checks/common";
import { checks as dotnet } from "./checks/dotnet";
import { checks as golang } from "./checks/golang";
import { checks as java } from "./checks/java";
import { checks as javascript } from "./checks/javascript";
import { checks as python } from "./checks/python";
import { checks as worker } from "./checks/worker";
import { checks as yaml } from "./checks/yaml";

/** The checks of each language, by its name in the catalogue. */
const ofLanguages: Readonly<Record<string, readonly Check[]>> = { javascript, python, golang, dotnet, java, yaml };

/** The checks of every image, then those of some languages. */
export function checksOf(languages: readonly string[]): readonly Check[] {
  return [...common, ...worker, ...languages.flatMap((name) => ofLanguages[name] ?? [])];
}
