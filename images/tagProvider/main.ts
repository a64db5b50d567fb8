import { main } from "@pulumi/pulumi/provider";

import { tagProvider } from "./tagProvider";

void main(tagProvider, process.argv.slice(2));
