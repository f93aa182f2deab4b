export default {
  "skip": "Ir al contenido",
  "all_events": "Todos los eventos",
  "languages": "Idioma",
  "live": "En directo",
  "reconnecting": "Reconectando",
  "polling": "Se actualiza cada pocos segundos",
  "paused_banner": "Las ventas están en pausa. Lo que tiene reservado sigue siendo suyo.",
  "unreachable": "No se puede conectar con el servidor. Compruebe su conexión; no se ha perdido nada.",
  "no_script": "Esta página necesita JavaScript. Actívelo en el navegador y vuelva a cargarla.",
  "try_again": "Volver a intentarlo",
  "close": "Cerrar",
  "missing.title": "Aquí no hay nada",
  "missing.text": "La dirección puede ser incorrecta o antigua.",
  "problem.show_not_found": "Ese evento no existe.",
  "problem.rate_limited": "Demasiadas peticiones. Espere un momento y vuelva a intentarlo.",
  "problem.sales_paused": "Las ventas están en pausa. No se ha perdido nada: inténtelo en breve."
};
