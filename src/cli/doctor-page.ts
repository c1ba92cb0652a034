/** Ten frames that all differ, without a font: a machine may have none. */
export const doctorPage = `<!doctype html>
<style>
  html, body { margin: 0; height: 100%; background: rgb(20, 24, 48) }
  div { position: absolute; width: 60px; height: 60px; top: 60px; background: rgb(255, 90, 43) }
</style>
<div id="box"></div>
<script>
  window.framewright = { duration: 1, seek(t) { box.style.left = t * 260 + "px"; } };
</script>`;

export const DOCTOR_FRAME_RATE = 10;
export const DOCTOR_SIZE = { width: 320, height: 180 } as const;
