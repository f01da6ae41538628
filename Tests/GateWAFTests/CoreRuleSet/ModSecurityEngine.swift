import Glibc

/// Debian's ModSecurity with a whole rule set, through its C interface; nil where the library is not installed.
@safe final class ModSecurityEngine {
    private typealias Handle = UnsafeMutableRawPointer
    private typealias Text = UnsafePointer<CChar>
    private typealias Bytes = UnsafePointer<UInt8>
    private typealias Make = @convention(c) () -> Handle?
    private typealias LogCall = @convention(c) (Handle?, UnsafeRawPointer?) -> Void
    private typealias SetLog = @convention(c) (Handle, LogCall) -> Void
    private typealias AddRules = @convention(c) (Handle, Text, UnsafeMutablePointer<Text?>) -> CInt
    private typealias NewTransaction = @convention(c) (Handle, Handle, Handle?) -> Handle?
    private typealias Connection = @convention(c) (Handle, Text, CInt, Text, CInt) -> CInt
    private typealias RequestLine = @convention(c) (Handle, Text, Text, Text) -> CInt
    private typealias Field = @convention(c) (Handle, Bytes?, Int, Bytes?, Int) -> CInt
    private typealias Body = @convention(c) (Handle, Bytes?, Int) -> CInt
    private typealias Status = @convention(c) (Handle, CInt, Text) -> CInt
    private typealias Step = @convention(c) (Handle) -> CInt
    private typealias CleanUp = @convention(c) (Handle) -> Void

    // SAFETY: the library and what it makes live as long as the process; the C signatures are those of its headers.
    private let library: Handle
    private let engine: Handle
    private let rules: Handle

    /// The engine with the rules of `text` and then of `files`, or nil with the reason printed.
    init?(files: [String], before text: String) {
        guard let library = unsafe dlopen("libmodsecurity.so.3", RTLD_NOW | RTLD_LOCAL) else { return nil }
        unsafe self.library = unsafe library
        guard let start = unsafe dlsym(library, "msc_init"), let setLog = unsafe dlsym(library, "msc_set_log_cb"),
            let makeRules = unsafe dlsym(library, "msc_create_rules_set"),
            let addText = unsafe dlsym(library, "msc_rules_add"),
            let addFile = unsafe dlsym(library, "msc_rules_add_file"),
            let engine = unsafe unsafeBitCast(start, to: Make.self)(),
            let rules = unsafe unsafeBitCast(makeRules, to: Make.self)()
        else { return nil }
        unsafe self.engine = unsafe engine
        unsafe self.rules = unsafe rules
        unsafe unsafeBitCast(setLog, to: SetLog.self)(engine) { box, message in
            guard let box = unsafe box, let message = unsafe message else { return }
            let log = unsafe Unmanaged<Log>.fromOpaque(box).takeUnretainedValue()
            log.lines.append(unsafe String(cString: message.assumingMemoryBound(to: CChar.self)))
        }
        var error: Text?
        var isLoaded = unsafe unsafeBitCast(addText, to: AddRules.self)(rules, text, &error) >= 0
        for file in files where isLoaded {
            isLoaded = unsafe unsafeBitCast(addFile, to: AddRules.self)(rules, file, &error) >= 0
        }
        guard isLoaded else {
            print("ModSecurity refuses its rules:", unsafe error.map { unsafe String(cString: $0) } ?? "")
            return nil
        }
    }

    /// The lines that ModSecurity logs about a request and its response.
    func log(of message: RegressionMessage) -> [String] {
        let log = Log()
        guard let make: NewTransaction = unsafe symbol("msc_new_transaction"),
            let transaction = unsafe make(engine, rules, Unmanaged.passUnretained(log).toOpaque()),
            let connect: Connection = unsafe symbol("msc_process_connection"),
            let line: RequestLine = unsafe symbol("msc_process_uri"),
            let status: Status = unsafe symbol("msc_process_response_headers"),
            let cleanUp: CleanUp = unsafe symbol("msc_transaction_cleanup")
        else { return [] }
        _ = unsafe connect(transaction, "127.0.0.1", 40_000, "127.0.0.1", 80)
        _ = unsafe line(transaction, message.target, message.method, message.version)
        unsafe add(message.fields, "msc_add_n_request_header", to: transaction)
        unsafe run("msc_process_request_headers", transaction)
        unsafe append(message.body, "msc_append_request_body", to: transaction)
        unsafe run("msc_process_request_body", transaction)
        unsafe add(message.response.fields, "msc_add_n_response_header", to: transaction)
        _ = unsafe status(transaction, CInt(message.response.status), "HTTP/1.1")
        unsafe append(message.response.body, "msc_append_response_body", to: transaction)
        unsafe run("msc_process_response_body", transaction)
        unsafe run("msc_process_logging", transaction)
        unsafe cleanUp(transaction)
        return log.lines
    }

    /// The ids of the rules in lines of the log.
    static func ids(in lines: [String]) -> Set<Int> {
        Set(lines.compactMap { $0.firstMatch(of: #/\[id "(\d+)"\]/#).flatMap { Int($0.1) } })
    }

    private func symbol<Function>(_ name: String) -> Function? {
        guard let address = unsafe dlsym(library, name) else { return nil }
        return unsafe unsafeBitCast(address, to: Function.self)
    }

    private func run(_ name: String, _ transaction: Handle) {
        if let step: Step = unsafe symbol(name) { _ = unsafe step(transaction) }
    }

    private func add(_ fields: [(name: [UInt8], value: [UInt8])], _ name: String, to transaction: Handle) {
        guard let call: Field = unsafe symbol(name) else { return }
        for field in fields {
            unsafe field.name.withUnsafeBufferPointer { name in
                unsafe field.value.withUnsafeBufferPointer { value in
                    _ = unsafe call(transaction, name.baseAddress, name.count, value.baseAddress, value.count)
                }
            }
        }
    }

    private func append(_ body: [UInt8], _ name: String, to transaction: Handle) {
        guard !body.isEmpty, let call: Body = unsafe symbol(name) else { return }
        unsafe body.withUnsafeBufferPointer { _ = unsafe call(transaction, $0.baseAddress, $0.count) }
    }

    private final class Log { var lines: [String] = [] }
}
