"""What a wheel carries besides the library: data/ as a folder "shipped" in the package, where project.py finds it."""

from pathlib import Path

from setuptools.command.build_py import build_py

DATA = Path("data")
SHIPPED = ("checkpoints", "lists", "profiles", "templates", "test_people.jsonl", "staff.csv", "towns.csv")


class WithData(build_py):
    """Copy data when a wheel is built; a clone, also one that is installed as editable, reads data/ itself."""

    def run(self):
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib, "momem_lib", "shipped")
        for name in SHIPPED:
            copy = self.copy_tree if (DATA / name).is_dir() else self.copy_file
            copy(str(DATA / name), str(target / name))
