import GateHTTP

/// A set of request methods as bits; which bit means what is the table's own, see `RouteTable.allow(_:)`.
public struct MethodSet: Equatable, Sendable {
    var bits: UInt64

    init(bits: UInt64) { self.bits = bits }

    /// No method.
    public static let none = MethodSet(bits: 0)

    /// What a route without methods answers: all but CONNECT and TRACE, which must be named (attacks 9).
    static let any = MethodSet(bits: ~(MethodNames.connect | MethodNames.trace))

    /// Methods that no route names, all in one bit.
    static let unnamed = MethodSet(bits: 1 << 63)

    func intersects(_ other: MethodSet) -> Bool { bits & other.bits != 0 }

    mutating func formUnion(_ other: MethodSet) { bits |= other.bits }
}

/// The methods that a table knows by name: those of `HTTPMethod`, and those that its routes add.
struct MethodNames: Sendable {
    static let get: UInt64 = 1 << UInt64(HTTPMethod.get.rawValue)
    static let head: UInt64 = 1 << UInt64(HTTPMethod.head.rawValue)
    static let connect: UInt64 = 1 << UInt64(HTTPMethod.connect.rawValue)
    static let trace: UInt64 = 1 << UInt64(HTTPMethod.trace.rawValue)

    /// The methods whose bit is their raw value.
    private static let known: [HTTPMethod] = [.get, .head, .post, .put, .delete, .patch, .options, .connect, .trace]

    /// Bit `known.count + index` is `added[index]`.
    private var added: [[UInt8]] = []

    /// LIMIT: one bit a name, and the last bit is everybody else's.
    static let maximumAdded = 63 - known.count

    /// The bits of `methods`, with HEAD for GET; nil when there is no bit left for a new name.
    mutating func set(of methods: Set<String>?) -> MethodSet? {
        guard let methods else { return .any }
        var set = MethodSet.none
        for method in methods.sorted() {
            let bytes = Array(method.utf8)
            var member = self.member(bytes.span)
            if member == .unnamed {
                guard added.count < MethodNames.maximumAdded else { return nil }
                added.append(bytes)
                member = self.member(bytes.span)
            }
            set.formUnion(member)
        }
        // RFC 9110 §9.3.2: HEAD is GET without the content, so whoever answers GET answers HEAD.
        if set.bits & MethodNames.get != 0 { set.bits |= MethodNames.head }
        return set
    }

    /// Whether `text` is one of the methods of `HTTPMethod`.
    static func isKnown(_ text: String) -> Bool { known.contains { $0.text == text } }

    /// The set of the one method `bytes`. Methods are case-sensitive (RFC 9110 §9.1).
    func member(_ bytes: Span<UInt8>) -> MethodSet {
        for method in MethodNames.known where bytes.isIdentical(to: method.text) {
            return MethodSet(bits: 1 &<< UInt64(method.rawValue))
        }
        return addedMember(bytes)
    }

    /// The set of a request's method.
    @inline(__always)
    func member(_ method: HTTPMethod, _ request: borrowing VettedRequest) -> MethodSet {
        method == .other ? addedMember(request.methodBytes) : MethodSet(bits: 1 &<< UInt64(method.rawValue))
    }

    private func addedMember(_ bytes: Span<UInt8>) -> MethodSet {
        for index in added.indices where bytes.isIdentical(to: added[index]) {
            return MethodSet(bits: 1 &<< UInt64(MethodNames.known.count &+ index))
        }
        return .unnamed
    }

    /// The names in `set`, as the `allow` field lists them (RFC 9110 §10.2.1).
    func text(_ set: MethodSet) -> String {
        let names = MethodNames.known.map(\.text) + added.map { String(decoding: $0, as: UTF8.self) }
        return names.indices.filter { set.bits & (1 &<< UInt64($0)) != 0 }.map { names[$0] }.joined(separator: ", ")
    }
}
