import type { BrowserContext, Page } from "playwright-core";

/** Gathers addresses as a page would: to those that it finds it can send packets past every proxy. */
const gather = `new Promise((resolve) => {
  if (typeof RTCPeerConnection === "undefined") return resolve(false);
  // One that says nothing is not trusted.
  setTimeout(resolve, 5000, true);
  const connection = new RTCPeerConnection();
  connection.createDataChannel("");
  connection.onicecandidate = ({ candidate }) => {
    resolve(candidate !== null && candidate.candidate !== "");
    connection.close();
  };
  connection.createOffer().then((offer) => connection.setLocalDescription(offer));
})`;

/** Whether pages of this browser have sockets of their own for WebRTC: whether it follows the flag that forbids them is seen, not assumed. */
export async function leaksByWebRtc(context: BrowserContext): Promise<boolean> {
  const page: Page = await context.newPage();
  try {
    return await page.evaluate<boolean>(gather);
  } finally {
    await page.close();
  }
}
