import * as pulumi from "@pulumi/pulumi";

type Shelf = readonly string[];

const shelves: pulumi.Output<Shelf[]> = pulumi.output([["apples"], ["pears", "plums"]]);

export const answer = shelves.apply((all) => `${all.flat().length} kinds of fruit`);
