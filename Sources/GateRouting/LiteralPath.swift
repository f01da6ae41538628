import GateHTTP
import GatePrimitives
import NIOCore

/// The rules for the literal path of a route: what no canonical path can be is an error, not a route that never matches.
enum LiteralPath {
    /// What is wrong with a literal, and what to write instead.
    struct Finding {
        let problem: String
        let remedy: String
    }

    /// What is wrong with `literal` in a route with `policy`, or nil.
    static func finding(of literal: String, under policy: PathPolicy) -> Finding? {
        let bytes = Array(literal.utf8)
        guard bytes.first == UInt8(ascii: "/") else {
            return Finding(problem: "the path `\(literal)` does not begin with `/`", remedy: "write `/\(literal)`")
        }
        guard bytes.count <= RouteCompiler.maximumLiteral else {
            return Finding(
                problem: "the path is longer than \(RouteCompiler.maximumLiteral) bytes", remedy: "use a shorter prefix"
            )
        }
        guard bytes.count(where: { $0 == UInt8(ascii: "/") }) <= RouteStorage.maximumDepth else {
            return Finding(
                problem: "the path has more than \(RouteStorage.maximumDepth) segments", remedy: "use a shorter prefix")
        }
        if bytes.contains(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }) {
            return Finding(problem: "the path `\(literal)` holds `?` or `#`", remedy: "match parameters under `query`")
        }
        do throws(Fault) {
            // The very reading that requests get: a literal that differs from it can never be equal to a path.
            let canonical = String(buffer: try PathCanonicaliser.canonicalise(bytes.span, under: policy))
            guard canonical != literal else { return nil }
            return Finding(
                problem: "the path `\(literal)` never matches", remedy: "write it as it is read: `\(canonical)`")
        } catch {
            return Finding(
                problem: "the path `\(literal)` never matches: such a request is refused (\(error.reason.rawValue))",
                remedy: "percent-encode what a path cannot hold, or let the route's `path` options keep it")
        }
    }
}
