/* Search in pages that are opened from disk, where a browser starts no worker: the worker's script runs in a hidden frame. */
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      this.waiting = [];
      frame.hidden = true;
      frame.addEventListener("load", () => {
        const inner = frame.contentWindow;
        inner.postMessage = data => this.dispatchEvent(new MessageEvent("message", { data }));
        const script = inner.document.createElement("script");
        script.src = String(url);
        script.addEventListener("load", () => {
          this.frame = inner;
          this.waiting.splice(0).forEach(data => this.postMessage(data));
        });
        inner.document.head.append(script);
      }, { once: true });
      document.documentElement.append(frame);
    }
    postMessage(data) {
      if (this.frame) this.frame.dispatchEvent(new MessageEvent("message", { data }));
      else this.waiting.push(data);
    }
    terminate() {}
  };
}
