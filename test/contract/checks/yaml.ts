// Programs in Pulumi's YAML.
import type { Check } from "../check";
import { deploys } from "./programs";

/** The checks of an image for YAML. */
export const checks: readonly Check[] = [
  deploys("A YAML project with config", {
    folder: "yaml/settings",
    answer: "3 replicas in dev, the last region is Łódź",
  }),
];
