import Glibc

/// Debian's ModSecurity as an oracle, through its C interface; nil where the library is not installed.
///
/// A transaction has one argument, `a`, in its query; `log` lists the messages of the rules that matched, in order.
@safe final class ModSecurityOracle {
    private typealias Handle = UnsafeMutableRawPointer
    private typealias Text = UnsafePointer<CChar>
    private typealias Start = @convention(c) () -> Handle?
    private typealias LogCall = @convention(c) (Handle?, UnsafeRawPointer?) -> Void
    private typealias SetLog = @convention(c) (Handle, LogCall) -> Void
    private typealias AddRules = @convention(c) (Handle, Text, UnsafeMutablePointer<Text?>) -> CInt
    private typealias NewTransaction = @convention(c) (Handle, Handle, Handle?) -> Handle?
    private typealias ProcessURI = @convention(c) (Handle, Text, Text, Text) -> CInt
    private typealias ProcessHeaders = @convention(c) (Handle) -> CInt
    private typealias CleanUp = @convention(c) (Handle) -> Void

    // SAFETY: the library and what it makes live as long as the process; the C signatures are those of modsecurity.h.
    private let engine: Handle
    private let rules: Handle
    private let newTransaction: NewTransaction
    private let processURI: ProcessURI
    private let processHeaders: ProcessHeaders
    private let cleanUp: CleanUp

    /// The engine with `source` as its rules.
    init?(rules source: String) {
        guard let library = unsafe dlopen("libmodsecurity.so.3", RTLD_NOW | RTLD_LOCAL) else { return nil }
        func symbol<Function>(_ name: String, as type: Function.Type) -> Function? {
            guard let address = unsafe dlsym(library, name) else { return nil }
            return unsafe unsafeBitCast(address, to: type)
        }
        guard
            let start = unsafe symbol("msc_init", as: Start.self),
            let setLog = unsafe symbol("msc_set_log_cb", as: SetLog.self),
            let makeRules = unsafe symbol("msc_create_rules_set", as: Start.self),
            let addRules = unsafe symbol("msc_rules_add", as: AddRules.self),
            let newTransaction = unsafe symbol("msc_new_transaction", as: NewTransaction.self),
            let processURI = unsafe symbol("msc_process_uri", as: ProcessURI.self),
            let processHeaders = unsafe symbol("msc_process_request_headers", as: ProcessHeaders.self),
            let cleanUp = unsafe symbol("msc_transaction_cleanup", as: CleanUp.self),
            let engine = unsafe start(), let rules = unsafe makeRules()
        else { return nil }
        unsafe setLog(engine) { box, message in
            guard let box = unsafe box, let message = unsafe message else { return }
            let log = unsafe Unmanaged<Log>.fromOpaque(box).takeUnretainedValue()
            log.lines.append(unsafe String(cString: message.assumingMemoryBound(to: CChar.self)))
        }
        var error: Text?
        guard unsafe addRules(rules, source, &error) >= 0 else {
            print("the oracle refuses its rules:", unsafe error.map { unsafe String(cString: $0) } ?? "")
            return nil
        }
        unsafe self.engine = unsafe engine
        unsafe self.rules = unsafe rules
        unsafe self.newTransaction = unsafe newTransaction
        unsafe self.processURI = unsafe processURI
        unsafe self.processHeaders = unsafe processHeaders
        unsafe self.cleanUp = unsafe cleanUp
    }

    /// The messages of the rules that match `/?a=value`, by rule id.
    func messages(for value: [UInt8]) -> [Int: String] {
        let log = Log()
        let digits = Array("0123456789abcdef".utf8)
        var uri = Array("/?a=".utf8)
        for byte in value { uri += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
        let text = String(decoding: uri, as: UTF8.self)
        guard let transaction = unsafe newTransaction(engine, rules, Unmanaged.passUnretained(log).toOpaque()) else {
            return [:]
        }
        _ = unsafe processURI(transaction, text, "GET", "1.1")
        _ = unsafe processHeaders(transaction)
        unsafe cleanUp(transaction)
        var found: [Int: String] = [:]
        for line in log.lines {
            guard let id = Self.field("id", of: line).flatMap({ Int($0) }) else { continue }
            found[id] = Self.field("msg", of: line) ?? ""
        }
        return found
    }

    private static func field(_ name: String, of line: String) -> String? {
        let mark = Array("[\(name) \"".utf8)
        let bytes = Array(line.utf8)
        guard bytes.count >= mark.count else { return nil }
        for start in 0...(bytes.count - mark.count) where bytes[start..<start + mark.count].elementsEqual(mark) {
            let rest = bytes[(start + mark.count)...]
            guard let end = rest.firstIndex(of: UInt8(ascii: "\"")) else { return nil }
            return String(decoding: rest[..<end], as: UTF8.self)
        }
        return nil
    }

    private final class Log { var lines: [String] = [] }
}
