// What users.md's public reports expect of every runner image, whatever the language of its stack.
import type { Check } from "../check";

/** The checks of every image. */
export const checks: readonly Check[] = [
  {
    name: "The user is a number, as Kubernetes' runAsNonRoot requires",
    expected: "a number",
    find: ({ config }) => {
      const user = config.User ?? "";
      return Promise.resolve(/^\d+(:\d+)?$/.test(user) ? "a number" : `USER is ${JSON.stringify(user)}`);
    },
  },
];
