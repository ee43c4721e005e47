package lowland.report;

import java.util.List;

/// One HTML file that needs nothing else: no script, no network; readable in light and dark.
///
/// Colours: `--s0` … `--s5` for methods, always in the same order; `h0` … `h9` for the rise of a landscape, pale to dark.
final class Page {
    private static final String STYLE = """
            :root { color-scheme: light dark;
              --page: #f7f6f2; --card: #ffffff; --ink: #1c1b19; --soft: #5d5b55; --line: #e2e0d8;
              --s0: #2a66c8; --s1: #d9541e; --s2: #12866a; --s3: #b27a00; --s4: #8146c4; --s5: #6b7a90; }
            @media (prefers-color-scheme: dark) { :root {
              --page: #161614; --card: #1f1f1c; --ink: #efede6; --soft: #aaa79d; --line: #37362f;
              --s0: #6ea3ff; --s1: #ff8a57; --s2: #3cc7a1; --s3: #e5ae3a; --s4: #b98cf2; --s5: #9fadc0; } }
            * { box-sizing: border-box; }
            body { margin: 0; background: var(--page); color: var(--ink);
                font: 16px/1.55 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
            main { max-width: 1180px; margin: 0 auto; padding: 40px 24px 64px; }
            h1 { font-size: 30px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -.01em; }
            h2 { font-size: 21px; margin: 44px 0 4px; }
            h3 { font-size: 15px; margin: 0 0 2px; }
            p { margin: 6px 0 12px; max-width: 86ch; }
            .lead, .caption, .none { color: var(--soft); }
            .caption { font-size: 14px; margin: 2px 0 10px; }
            .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px; }
            .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr)); gap: 18px; }
            .maps { display: grid; grid-template-columns: repeat(auto-fill, minmax(165px, 1fr)); gap: 18px; }
            .maps svg { border-radius: 6px; }
            .maps h3 { font-size: 13px; white-space: nowrap; }
            .notes { margin: 12px 0 0; padding-left: 18px; color: var(--soft); font-size: 14px; }
            .scroll { overflow-x: auto; }
            table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
            th, td { padding: 7px 6px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
            th { font-weight: 600; color: var(--soft); vertical-align: bottom; white-space: normal; }
            th:first-child, td:first-child, .left { text-align: left; }
            tr:last-child td { border-bottom: 0; }
            td.wide { white-space: normal; text-align: left; overflow-wrap: anywhere; }
            .noise { color: var(--soft); }
            .key { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 8px 0 10px; font-size: 14px; }
            .key span, td .swatch { display: inline-flex; align-items: center; }
            .swatch::before { content: ""; display: inline-block; width: 16px; height: 0; margin-right: 7px;
                border-top: 3px solid var(--c); }
            .swatch.dashed::before { border-top-style: dashed; }
            svg { display: block; width: 100%; height: auto; }
            svg text { font: 12px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: var(--soft); }
            .grid { stroke: var(--line); stroke-width: 1; }
            .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
            .dot { stroke: var(--card); stroke-width: 1.5; }
            .bar { opacity: .9; }
            .whisker { stroke: var(--ink); stroke-width: 1.5; }
            .middle { fill: none; stroke: #000; stroke-width: 1.5; }
            .hit { fill: transparent; }
            .h0 { fill: #fdf3d8; } .h1 { fill: #f9dfae; } .h2 { fill: #f4c98a; } .h3 { fill: #ecaf70; } .h4 { fill: #df9263; }
            .h5 { fill: #cb755e; } .h6 { fill: #b05a5f; } .h7 { fill: #8d4562; } .h8 { fill: #67345f; } .h9 { fill: #412653; }
            .scale { display: flex; align-items: center; gap: 10px; font-size: 13px; color: var(--soft); margin: 8px 0 14px; }
            .scale svg { width: 260px; }
            """;

    private final StringBuilder body = new StringBuilder();
    private final String title;

    Page(String title) {
        this.title = title;
        body.append("<h1>").append(escape(title)).append("</h1>\n");
    }

    static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
    }

    Page heading(String text) {
        body.append("<h2>").append(escape(text)).append("</h2>\n");
        return this;
    }

    Page paragraph(String kind, String text) {
        body.append("<p").append(kind.isEmpty() ? "" : " class=\"" + kind + "\"").append('>').append(escape(text)).append("</p>\n");
        return this;
    }

    Page html(String html) {
        body.append(html);
        return this;
    }

    /// Names with the colours of their lines.
    Page key(List<String> names, List<Integer> dashed) {
        body.append("<div class=\"key\">");
        for (int i = 0; i < names.size(); i++) {
            body.append("<span class=\"swatch").append(dashed.contains(i) ? " dashed" : "")
                    .append("\" style=\"--c:var(--s").append(i).append(")\">")
                    .append(escape(names.get(i))).append("</span>");
        }
        body.append("</div>\n");
        return this;
    }

    /// Charts side by side, where there is room.
    Page charts(LineChart... charts) {
        body.append("<div class=\"pair\">\n");
        for (LineChart chart : charts) {
            body.append("<div class=\"card\"><h3>").append(escape(chart.title())).append("</h3>\n").append(chart.svg()).append("</div>\n");
        }
        body.append("</div>\n");
        return this;
    }

    /// Names and values.
    Page facts(List<List<String>> facts) {
        body.append("<div class=\"card scroll\"><table>\n");
        for (List<String> fact : facts) {
            body.append("<tr><td>").append(escape(fact.get(0)))
                    .append("</td><td class=\"wide\">").append(escape(fact.get(1))).append("</td></tr>\n");
        }
        body.append("</table></div>\n");
        return this;
    }

    String text() {
        return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" + escape(title)
                + "</title>\n<style>\n" + STYLE + "</style>\n</head>\n<body>\n<main>\n" + body
                + "</main>\n</body>\n</html>\n";
    }
}
