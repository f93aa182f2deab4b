export default {
  "skip": "本文へ移動",
  "all_events": "イベント一覧",
  "languages": "言語",
  "live": "リアルタイム",
  "reconnecting": "再接続中",
  "polling": "数秒ごとに更新",
  "paused_banner": "現在、販売を一時停止しています。確保済みの席はそのままです。",
  "unreachable": "サーバーに接続できません。通信状況をご確認ください。失われたものはありません。",
  "no_script": "このページには JavaScript が必要です。ブラウザーで有効にして、再読み込みしてください。",
  "try_again": "もう一度",
  "close": "閉じる",
  "missing.title": "ページが見つかりません",
  "missing.text": "アドレスが間違っているか、古い可能性があります。",
  "problem.show_not_found": "このイベントはありません。",
  "problem.rate_limited": "操作が速すぎます。少し待ってからもう一度お試しください。",
  "problem.sales_paused": "販売を一時停止しています。失われたものはありません。まもなくもう一度お試しください。"
};
