export default {
  "sign_in.title": "Iniciar sesión",
  "sign_in.for_whom": "Para operadores, administradores y socios. El público no necesita cuenta.",
  "sign_in.email": "Correo electrónico",
  "sign_in.password": "Contraseña",
  "sign_in.enter": "Entrar",
  "sign_in.forgotten": "Aquí nadie puede ver tu contraseña. ¿La olvidaste? Quien gestiona esta instalación te da una nueva.",
  "sign_in.wrong": "No es correcto: no existe esa persona o la contraseña es otra. Revisa ambas e inténtalo de nuevo.",
  "sign_in.locked": "Demasiadas contraseñas incorrectas. La siguiente se comprobará en {minutes} min; un administrador puede desbloquearte ya.",
  "sign_in.stale": "Este formulario estuvo abierto demasiado tiempo, u otro ocupó su lugar. No se envió nada; inténtalo de nuevo.",
  "sign_in.away": "Ahora no se puede iniciar sesión porque la base de datos no responde. Lo que está en marcha sigue; quien tenga acceso a la máquina puede usar «onsale admin»."
};
