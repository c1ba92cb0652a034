export const DOCTOR_FRAME_RATE = 10;
export const DOCTOR_SIZE = { width: 320, height: 180 } as const;

/** Ten frames that all differ, without a font: a machine may have none. One canvas, so that every capture can take it. */
export const doctorPage: string = `<!doctype html>
<body style="margin:0;background:rgb(20, 24, 48)">
<canvas id="drawn" width="${DOCTOR_SIZE.width}" height="${DOCTOR_SIZE.height}" style="display:block"></canvas>
<script>
  const context = drawn.getContext("2d");
  window.framewright = { duration: 1, seek(t) {
    context.reset();
    context.fillStyle = "rgb(255, 90, 43)";
    context.fillRect(t * 260, 60, 60, 60);
  } };
</script>`;
