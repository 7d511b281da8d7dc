/**
 * Makes packages and databases with the rpm of this host, for tests.
 *
 * @module
 */

/** What a package is made of. */
export interface TestPackage {
  readonly name: string;
  readonly epoch?: number;
  /** Absolute paths. */
  readonly files: readonly string[];
}

/** Runs a program of rpm. */
function run(program: string, args: readonly string[]): void {
  let output: Deno.CommandOutput;
  try {
    output = new Deno.Command(program, { args: [...args], stdout: "null", stderr: "piped" }).outputSync();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(`${program} is missing: run scripts/setup or apt-get install rpm`, { cause: error });
  }
  if (!output.success) throw new Error(`${program} ${args.join(" ")}\n${new TextDecoder().decode(output.stderr)}`);
}

/** A shell loop is much slower than one file of lines. */
function specOf({ name, epoch, files }: TestPackage, list: string): string {
  return `Name: ${name}
Version: 1.2
Release: 3
${epoch === undefined ? "" : `Epoch: ${epoch}\n`}Summary: test
License: MIT
BuildArch: noarch
%description
test
%install
sed 's|/[^/]*$||' ${list} | sort -u | sed 's|^|%{buildroot}|' | xargs mkdir -p
# Not empty: files that are alike are not in each other's way.
sed 's|^|%{buildroot}|' ${list} | xargs -n 1000 sh -c 'echo ${name} | tee "$@" >/dev/null' sh
%files
${files.join("\n")}
`;
}

/**
 * Makes packages and a database of SQLite that has them installed.
 *
 * @param directory where; a directory of the test
 * @param packages in the order they are installed
 * @returns path of the database
 * @throws {Error} when rpm is not installed
 */
export function makeRpmDatabase(directory: string, packages: readonly TestPackage[]): string {
  const database = `${directory}/usr/lib/sysimage/rpm`;
  Deno.mkdirSync(database, { recursive: true });
  for (const made of packages) {
    const top = `${directory}/build-${made.name}`;
    Deno.mkdirSync(top);
    Deno.writeTextFileSync(`${top}/list`, made.files.map((path) => `${path}\n`).join(""));
    Deno.writeTextFileSync(`${top}/spec`, specOf(made, `${top}/list`));
    run("rpmbuild", [
      "-bb",
      "--quiet",
      "--define",
      `_topdir ${top}`,
      "--define",
      "__os_install_post %nil",
      `${top}/spec`,
    ]);
    const backend = ["--dbpath", database, "--define", "_db_backend sqlite"];
    const file = `${top}/RPMS/noarch/${made.name}-1.2-3.noarch.rpm`;
    run("rpm", [...backend, "--force-debian", "--install", "--justdb", "--nodeps", "--noscripts", "--force", file]);
    Deno.removeSync(top, { recursive: true });
  }
  return `${database}/rpmdb.sqlite`;
}
