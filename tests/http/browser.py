# SPDX-License-Identifier: MIT
"""A headless Chromium, driven through ChromeDriver's HTTP interface (W3C WebDriver)."""
import base64
import json
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from server import free_port, wait_for

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key under which WebDriver gives elements


class BrowserError(Exception):
    pass


def available():
    return shutil.which("chromedriver") and shutil.which("chromium")


class Browser:
    """with Browser(width, height) as b: b.open(url); b.click("css"); b.text("css")"""

    def __init__(self, width=1280, height=900):
        self.port = free_port()
        self.profile = tempfile.TemporaryDirectory(prefix="perilune-chromium-")
        self.driver = subprocess.Popen(["chromedriver", "--port=%d" % self.port], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
        self.session = None
        try:
            wait_for(self._ready, 30, "chromedriver")
            options = {"args": ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                                "--hide-scrollbars", "--window-size=%d,%d" % (width, height),
                                "--user-data-dir=" + self.profile.name],
                       "binary": shutil.which("chromium")}
            answer = self._call("POST", "/session", {"capabilities": {"alwaysMatch": {
                "browserName": "chrome", "goog:chromeOptions": options,
                "goog:loggingPrefs": {"browser": "ALL"}}}})
            self.session = answer["sessionId"]
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.session:
            try:
                self._call("DELETE", "/session/" + self.session)
            except (BrowserError, OSError):
                pass
        self.driver.terminate()
        self.driver.wait(10)
        self.profile.cleanup()

    def _ready(self):
        try:
            return self._call("GET", "/status")["ready"]
        except OSError:
            return False

    def _call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request("http://127.0.0.1:%d%s" % (self.port, path), data, method=method,
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as e:
            value = json.load(e)["value"]
            raise BrowserError("%s: %s" % (value.get("error"), value.get("message", "").split("\n")[0])) from None

    def _do(self, method, path, body=None):
        return self._call(method, "/session/%s%s" % (self.session, path), body)

    def open(self, url):
        self._do("POST", "/url", {"url": url})

    @property
    def url(self):
        return self._do("GET", "/url")

    @property
    def title(self):
        return self._do("GET", "/title")

    def all(self, css):
        return [e[ELEMENT] for e in self._do("POST", "/elements", {"using": "css selector", "value": css})]

    def one(self, css):
        found = self.all(css)
        if not found:
            raise BrowserError("there is no '%s' on %s" % (css, self.url))
        return found[0]

    def text(self, css):
        return self._do("GET", "/element/%s/text" % self.one(css))

    def click(self, css):
        """Clicks; the page that this leads to has been loaded when it returns."""
        element = self.one(css)
        self.run("arguments[0].scrollIntoView({block: 'center'})", {ELEMENT: element})
        self._do("POST", "/element/%s/click" % element, {})

    def type(self, css, text):
        element = self.one(css)
        self._do("POST", "/element/%s/clear" % element, {})
        self._do("POST", "/element/%s/value" % element, {"text": text})

    def run(self, script, *args):
        return self._do("POST", "/execute/sync", {"script": script, "args": list(args)})

    def console_errors(self):
        """What the page complained of: messages of level SEVERE since the last call."""
        return [e["message"] for e in self._do("POST", "/se/log", {"type": "browser"}) if e["level"] == "SEVERE"]

    def screenshot(self, path):
        with open(path, "wb") as f:
            f.write(base64.b64decode(self._do("GET", "/screenshot")))

    def wait_text(self, css, text, timeout=5):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            try:
                if any(text in self._do("GET", "/element/%s/text" % e) for e in self.all(css)):
                    return True
            except BrowserError:
                pass  # of a page that has gone meanwhile
            time.sleep(0.05)
        return False
