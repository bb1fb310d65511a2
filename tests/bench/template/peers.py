# SPDX-License-Identifier: MIT
"""peers.py NAME ROUNDS: renders the page with django, jinja2, or prints it (print); gives the
best time of a round in milliseconds."""
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from data import CONTEXT  # noqa: E402


def django():
    import django
    from django.conf import settings
    from django.template import Context, Engine

    settings.configure(USE_TZ=True)
    django.setup()
    engine = Engine(dirs=[os.path.join(HERE, "pages")], loaders=[(
        "django.template.loaders.cached.Loader", ["django.template.loaders.filesystem.Loader"])])
    return lambda: engine.get_template("page.html").render(Context(CONTEXT))


def jinja2():
    from jinja2 import Environment, FileSystemLoader

    env = Environment(loader=FileSystemLoader(os.path.join(HERE, "pages_jinja2")), autoescape=True,
                      keep_trailing_newline=True)
    return lambda: env.get_template("page.html").render(**CONTEXT)


def main():
    name = sys.argv[1]
    render = (jinja2 if name == "jinja2" else django)()
    if name == "print":
        sys.stdout.write(render())
        return
    best = float("inf")
    render()
    for _ in range(int(sys.argv[2])):
        start = time.process_time()
        render()
        best = min(best, time.process_time() - start)
    print("%.4f" % (best * 1000))


main()
