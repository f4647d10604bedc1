// The emoji names that are shown as signs; others stay as they were written.

export const EMOJI = {
  "+1": "👍", "-1": "👎", thumbsup: "👍", thumbsdown: "👎", eyes: "👀", tada: "🎉", wave: "👋", pray: "🙏", clap: "👏",
  white_check_mark: "✅", heavy_check_mark: "✔️", ballot_box_with_check: "☑️", x: "❌", warning: "⚠️", no_entry: "⛔",
  exclamation: "❗", question: "❓", grey_question: "❔", information_source: "ℹ️", bulb: "💡", fire: "🔥",
  rotating_light: "🚨", bell: "🔔", no_bell: "🔕", mute: "🔇", lock: "🔒", key: "🔑", mag: "🔍", link: "🔗", pushpin: "📌",
  red_circle: "🔴", large_green_circle: "🟢", large_yellow_circle: "🟡", large_orange_circle: "🟠", large_blue_circle: "🔵",
  white_circle: "⚪", black_circle: "⚫", black_square_for_stop: "⏹️", double_vertical_bar: "⏸️", arrows_counterclockwise: "🔄",
  speech_balloon: "💬", memo: "📝", pencil: "📝", pencil2: "✏️", wastebasket: "🗑️", bookmark: "🔖", scroll: "📜", page_facing_up: "📄",
  bar_chart: "📊", chart_with_upwards_trend: "📈", chart_with_downwards_trend: "📉", calendar: "📅", date: "📅", card_index: "📇",
  hourglass: "⌛", hourglass_flowing_sand: "⏳", alarm_clock: "⏰", stopwatch: "⏱️", clock3: "🕒", zzz: "💤", repeat: "🔁",
  robot_face: "🤖", gear: "⚙️", wrench: "🔧", hammer_and_wrench: "🛠️", package: "📦", shirt: "👕", dress: "👗", balance_scale: "⚖️",
  arrow_up: "⬆️", arrow_down: "⬇️", arrow_right: "➡️", small_red_triangle: "🔺", small_red_triangle_down: "🔻", star: "⭐",
  heart: "❤️", smile: "😄", thinking_face: "🤔", slightly_smiling_face: "🙂", raised_hands: "🙌", seedling: "🌱", construction: "🚧",
};
