# SPDX-License-Identifier: BSD-2-Clause
"""Opens a page in headless Chromium and waits for what is to be seen on it.

browser.py [OPTION]... URL EXPRESSION...

Each EXPRESSION is JavaScript that has to become true, one after the other, within 15 s each; "reached N" is printed when
the Nth has. In the end: a line of JSON with all requests of the page, what its console and the browser's log said, and
its cookies. Exit 1 when an expression did not become true.

  --no-script    the page's own scripts do not run
  --dark         the user prefers dark colours
  --size WxH     of the window
  --shot FILE    a picture of the whole page in the end
"""
import argparse
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

PATIENCE_S = 15


def program():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    sys.exit("no chromium here")


class Browser:
    """Chromium at the other end of two pipes: JSON messages that end in a zero byte."""

    def __init__(self, folder):
        theirs_in, self.out = os.pipe()
        self.inp, theirs_out = os.pipe()
        # Above all that is about to become 3 and 4.
        ends = [os.dup2(fd, 100 + i) for i, fd in enumerate((theirs_in, theirs_out))]

        def arrange():
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self.process = subprocess.Popen(
            [program(), "--headless=new", "--no-sandbox", "--disable-gpu",
             "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-sync",
             "--disable-component-update", "--disable-default-apps", "--hide-scrollbars",
             "--remote-debugging-pipe", "--user-data-dir=" + folder, "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            close_fds=False, preexec_fn=arrange)
        for fd in (theirs_in, theirs_out, *ends):
            os.close(fd)
        self.number = 0
        self.rest = b""
        self.session = None
        self.seen = {"requests": [], "console": []}

    def receive(self):
        while b"\0" not in self.rest:
            part = os.read(self.inp, 1 << 20)
            if not part:
                sys.exit("chromium has ended")
            self.rest += part
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def note(self, message):
        params = message.get("params", {})
        method = message.get("method")
        if method == "Network.requestWillBeSent":
            self.seen["requests"].append(params["request"]["url"])
        elif method == "Log.entryAdded":
            self.seen["console"].append(params["entry"]["text"])
        elif method == "Runtime.consoleAPICalled":
            self.seen["console"].append(" ".join(str(arg.get("value", "")) for arg in params["args"]))
        elif method == "Runtime.exceptionThrown":
            self.seen["console"].append(params["exceptionDetails"]["text"])

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while (answer := self.receive()).get("id") != self.number:
            self.note(answer)
        if "error" in answer:
            sys.exit("%s: %s" % (method, answer["error"]["message"]))
        return answer["result"]

    def attach(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(domain + ".enable")

    def value_of(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")


def set_up(browser, options):
    width, height = (int(side) for side in options.size.split("x"))
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2,
                 mobile=width < 600)
    browser.call("Emulation.setEmulatedMedia", features=[
        {"name": "prefers-color-scheme", "value": "dark" if options.dark else "light"}])
    if options.no_script:
        browser.call("Emulation.setScriptExecutionDisabled", value=True)


def wait_for(browser, expression):
    deadline = time.monotonic() + PATIENCE_S
    while browser.value_of(expression) is not True:
        if time.monotonic() > deadline:
            print("not so within %d s: %s" % (PATIENCE_S, expression))
            print(browser.value_of("document.body && document.body.innerText"))
            return False
        time.sleep(0.05)
    return True


def look(browser, options):
    browser.attach()
    set_up(browser, options)
    browser.call("Page.navigate", url=options.url)
    for number, expression in enumerate(options.expression, 1):
        if not wait_for(browser, expression):
            return 1
        print("reached %d" % number, flush=True)
    if options.shot:
        shot = browser.call("Page.captureScreenshot", captureBeyondViewport=True, format="png")
        with open(options.shot, "wb") as file:
            file.write(base64.b64decode(shot["data"]))
    browser.seen["cookies"] = browser.call("Network.getCookies")["cookies"]
    print(json.dumps(browser.seen), flush=True)
    return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--no-script", action="store_true")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--size", default="1280x900")
    parser.add_argument("--shot")
    parser.add_argument("url")
    parser.add_argument("expression", nargs="*")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(folder)
        try:
            return look(browser, options)
        finally:
            browser.process.terminate()
            browser.process.wait()


sys.exit(main())
