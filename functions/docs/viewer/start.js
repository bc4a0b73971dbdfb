// Shows the reference that is served beside this page. Nothing is asked of any other host.
window.addEventListener("DOMContentLoaded", () => {
  window.reference = SwaggerUIBundle({
    url: "openapi.json",
    dom_id: "#reference",
    deepLinking: true,
    docExpansion: "none",
    filter: true,
    tryItOutEnabled: true,
    // It would send the document to a checker elsewhere.
    validatorUrl: null,
  });
});
