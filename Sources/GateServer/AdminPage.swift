import GatePlan
import GatePrimitives
import GateWire

/// The admin page: what is in force, at a glance, without script.
enum AdminPage {
    static func html(_ plan: Plan) -> String {
        let routes = plan.routes.map { route in
            "<tr><td>\(escape(route.name))</td><td>\(escape(name(of: route.upstream, plan)))</td></tr>"
        }
        let listeners = plan.listeners.map { listener in
            "<tr><td>\(escape(listener.name))</td><td>\(escape(listener.address.description))</td>"
                + "<td>\(listener.settings.tls == nil ? "plain" : "TLS")</td></tr>"
        }
        return """
            <!doctype html><html lang="en"><head><meta charset="utf-8"><title>Portcullis</title><style>
            body{font-family:sans-serif;margin:2em}table{border-collapse:collapse}td,th{padding:.2em 1em;text-align:left}
            </style></head><body><h1>Portcullis</h1><p>Configuration <code>\(escape(plan.revision))</code></p>
            <h2>Listeners</h2><table><tr><th>name<th>address<th>protocol</tr>\(listeners.joined())</table>
            <h2>Routes</h2><table><tr><th>route<th>upstream</tr>\(routes.joined())</table>
            <p><a href="/config">configuration</a> · <a href="/upstreams">upstreams</a> ·
            <a href="/metrics">metrics</a></p></body></html>

            """
    }

    private static func name(of upstream: Int, _ plan: Plan) -> String {
        upstream < plan.upstreams.count ? plan.upstreams[upstream].name : ""
    }

    private static func escape(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "&": escaped += "&amp;"
            case "\"": escaped += "&quot;"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
