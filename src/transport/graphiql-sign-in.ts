/**
 * A script for GraphiQL's page, in front of its own: when the token is missing or has expired, it offers to sign in. It looks
 * at what the page itself sees: answers of status 401, and WebSockets that close with 4401 or 4403.
 */
export const SIGN_IN_OFFER = `
<script>
(() => {
  const offer = () => {
    if (document.getElementById('sign-in-offer')) return;
    const bar = document.createElement('div');
    bar.id = 'sign-in-offer';
    bar.setAttribute('role', 'alert');
    bar.style.cssText =
      'position:fixed;inset:0 0 auto;z-index:9999;padding:.6rem;text-align:center;background:#fff3cd;color:#332701;font:16px system-ui';
    bar.textContent = 'You are signed out, or your token has expired. ';
    const link = document.createElement('a');
    link.href = location.href;
    link.textContent = 'Sign in';
    bar.append(link);
    document.body.append(bar);
  };
  const { fetch, WebSocket } = globalThis;
  globalThis.fetch = async (...request) => {
    const response = await fetch(...request);
    if (response.status === 401) offer();
    return response;
  };
  globalThis.WebSocket = class extends WebSocket {
    constructor(...address) {
      super(...address);
      this.addEventListener('close', ({ code }) => {
        if (code === 4401 || code === 4403) offer();
      });
    }
  };
})();
</script>`;
