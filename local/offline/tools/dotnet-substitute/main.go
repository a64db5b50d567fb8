// A substitute for the command dotnet of the .NET SDK, which no registry has. It does not compile C#. It answers what
// Pulumi's language host asks of dotnet, and runs a program that consists of nothing but stack outputs, given as
// ["name"] = "text" in Program.cs: by Pulumi's Go SDK, so that the host, the engine and the outputs are real.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The version of the SDK that it replaces, set by the build.
var version = "0.0.0"

func main() {
	// Hosts before 3.50 name the program's folder, ".", behind some commands.
	command := strings.TrimSuffix(strings.Join(os.Args[1:], " "), " .")
	if err := run(command); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(command string) error {
	if command == "--version" {
		fmt.Println(version)
		return nil
	}
	packages, err := readPackages()
	if err != nil {
		return err
	}
	switch command {
	case "build", "build -nologo", "restore":
		fmt.Println("A substitute for the .NET SDK: nothing is compiled.")
		return nil
	case "list package --include-transitive":
		for _, reference := range packages {
			fmt.Printf("   > %s %s %s\n", reference[1], reference[2], reference[2])
		}
		return nil
	case "nuget locals global-packages --list":
		fmt.Printf("global-packages: %s/.nuget/packages/\n", os.Getenv("HOME"))
		return nil
	case "run", "run --no-build":
		return runProgram()
	}
	return fmt.Errorf("the substitute for the .NET SDK does not know %q", command)
}

// readPackages gives the packages that the project in the working directory refers to: name and version.
func readPackages() ([][]string, error) {
	projects, _ := filepath.Glob("*.csproj")
	if len(projects) != 1 {
		return nil, fmt.Errorf("MSB1003: %d project files are in the working directory instead of one", len(projects))
	}
	text, err := os.ReadFile(projects[0])
	reference := regexp.MustCompile(`<PackageReference Include="([^"]+)" Version="([^"]+)"`)
	return reference.FindAllStringSubmatch(string(text), -1), err
}

func runProgram() error {
	source, err := os.ReadFile("Program.cs")
	if err != nil {
		return err
	}
	output := regexp.MustCompile(`\["(\w+)"\] = "([^"]*)"`)
	return pulumi.RunErr(func(ctx *pulumi.Context) error {
		for _, match := range output.FindAllStringSubmatch(string(source), -1) {
			ctx.Export(match[1], pulumi.String(match[2]))
		}
		return nil
	})
}
