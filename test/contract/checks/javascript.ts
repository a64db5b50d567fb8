// The ways in which projects for Node.js are installed and run.
import { join } from "node:path";

import type { Check } from "../check";
import { deploys, prints, programs, refusesByPolicy, trustsCompany } from "./programs";

/** Yarn's public mirror of npm's registry, for projects that name their package manager. */
const registry = "https://registry.example";

/** Corepack takes Yarn 4 from it instead of https://repository.example, and without signatures, which mirrors lack. */
const corepack = { COREPACK_NPM_REGISTRY: registry, COREPACK_INTEGRITY_KEYS: "0" };

/**
 * A company's network, with a mirror alone. pnpm insists on signatures if it reaches npm's own registry, and that of a
 * network that intercepts TLS may lack them.
 */
const mirror = {
  env: { ...corepack, PNPM_CONFIG_REGISTRY: registry, npm_config_registry: registry },
  mounts: { "/etc/hosts": join(programs, "javascript/hosts") },
};

/** Prints the third line of what cowsay draws: its text. */
const cowsay = "cowsay hi | sed -n 's/^< \\(.*\\) >$/\\1/p'";

/** The checks of an image for JavaScript and TypeScript. */
export const checks: readonly Check[] = [
  deploys("A TypeScript project with npm: later phases need no network", {
    folder: "javascript/npm",
    install: "npm install",
    answer: "hello world and contract",
  }),
  deploys("A JavaScript project with Yarn 1", {
    folder: "javascript/yarn1",
    install: "yarn install",
    answer: "3 kinds of fruit",
  }),
  deploys("A project that names yarn@4.5.3 as its package manager", {
    folder: "javascript/yarn4",
    install: 'test "$(yarn --version)" = 4.5.3 && yarn install',
    env: corepack,
    answer: "3 kinds of fruit",
  }),
  deploys("A project with pnpm, whose dependency has an install script", {
    folder: "javascript/pnpm",
    install: "pnpm install",
    answer: "3 kinds of fruit",
  }),
  deploys("A project that names pnpm@10.12.1 as its package manager", {
    folder: "javascript/pnpm-pinned",
    install: 'test "$(pnpm --version)" = 10.12.1 && pnpm install',
    ...mirror,
    answer: "3 kinds of fruit",
  }),
  deploys("A TypeScript project with Bun", {
    folder: "javascript/bun",
    install: "bun install",
    answer: "3 kinds of fruit",
  }),
  deploys("A dynamic provider in JavaScript", {
    folder: "javascript/dynamic",
    install: "npm install",
    answer: "ticket 52e5d741",
  }),
  deploys("A component package in TypeScript, used by a YAML program", {
    folder: "javascript/component",
    install: "npm install --prefix greeter",
    answer: "hello world from hall",
  }),
  refusesByPolicy("A policy pack in TypeScript", "javascript/policy", "npm install --prefix rules"),
  prints("npm install -g: the command is on PATH", "hi", `npm install -g cowsay && ${cowsay}`),
  prints("yarn global add: the command is on PATH", "hi", `yarn global add cowsay && ${cowsay}`),
  prints("pnpm add -g: the command is on PATH", "hi", `pnpm add -g cowsay && ${cowsay}`),
  prints(
    "corepack enable, as the default user",
    "10.12.1",
    `corepack enable && echo '{ "packageManager": "pnpm@10.12.1" }' >package.json && pnpm --version`,
    mirror,
  ),
  ...trustsCompany("Node.js", {
    request: (url) => `node -e 'fetch("${url}").then(async (answer) => console.log(await answer.text()))'`,
  }),
];
