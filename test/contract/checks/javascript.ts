// The ways in which projects for Node.js are installed and run.
import type { Check } from "../check";
import { deploys, prints, refusesByPolicy, runs, trustsCompany } from "./programs";

/** Makes corepack take any version from npm's registry, also Yarn 4, which has a site of its own by default. */
const fromRegistry = "export COREPACK_NPM_REGISTRY=$(npm config get registry | sed 's,/$,,')";

/**
 * Without signatures, which the registry of a network that intercepts TLS may lack. pnpm, which insists on them if it fetches
 * another version by itself, is therefore tried by corepack alone.
 */
const corepack = { COREPACK_INTEGRITY_KEYS: "0" };

/** Prints the third line of what cowsay draws: its text. */
const cowsay = "cowsay hi | sed -n 's/^< \\(.*\\) >$/\\1/p'";

/** Prints the answer of a URL with JavaScript alone. */
const fetching = (runtime: string) => (url: string) =>
  `${runtime} -e 'fetch("${url}").then(async (answer) => console.log(await answer.text()))'`;

/** The checks of an image for JavaScript and TypeScript. */
export const checks: readonly Check[] = [
  deploys("A TypeScript project with npm: later phases need no network", {
    folder: "javascript/npm",
    install: "npm install",
    answer: "hello world and dev",
  }),
  runs("A JavaScript project with Yarn 1", {
    folder: "javascript/yarn1",
    install: "yarn install",
    answer: "3 kinds of fruit",
  }),
  runs("A project that names yarn@4.5.3 as its package manager", {
    folder: "javascript/yarn4",
    install: `${fromRegistry} && test "$(yarn --version)" = 4.5.3 && yarn install`,
    env: corepack,
    answer: "3 kinds of fruit",
  }),
  runs("A project with pnpm, whose dependency has an install script", {
    folder: "javascript/pnpm",
    install: "pnpm install",
    answer: "3 kinds of fruit",
  }),
  runs("A project that names pnpm@10.12.1, after corepack enable as the default user", {
    folder: "javascript/pnpm-pinned",
    install: 'corepack enable && test "$(pnpm --version)" = 10.12.1 && pnpm install',
    env: corepack,
    answer: "3 kinds of fruit",
  }),
  runs("A TypeScript project with Bun", {
    folder: "javascript/bun",
    install: "bun install",
    answer: "3 kinds of fruit",
  }),
  runs("A dynamic provider in JavaScript", {
    folder: "javascript/dynamic",
    install: "npm install",
    answer: "ticket 52e5d741",
  }),
  runs("A component package in TypeScript, used by a YAML program", {
    folder: "javascript/component",
    install: "npm install --prefix greeter",
    answer: "hello world from hall",
  }),
  refusesByPolicy("A policy pack in TypeScript", "javascript/policy", "npm install --prefix rules"),
  prints("npm install -g: the command is on PATH", "hi", `npm install -g cowsay && ${cowsay}`),
  prints("yarn global add: the command is on PATH", "hi", `yarn global add cowsay && ${cowsay}`),
  prints("pnpm add -g: the command is on PATH", "hi", `pnpm add -g cowsay && ${cowsay}`),
  ...trustsCompany("Node.js trusts", { request: fetching("node") }),
  ...trustsCompany("Bun trusts", { request: fetching("bun") }),
];
