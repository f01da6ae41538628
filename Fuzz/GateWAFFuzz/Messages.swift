import GateWAF

/// Every row lies within the arena, names of names are names, and limits hold.
private func check(_ table: VariableTable, limits: InspectionLimits = .init()) {
    for row in table.rows {
        assert(row.name.upperBound <= table.bytes.count && row.value.upperBound <= table.bytes.count)
        switch row.variable {
        case .argsNames, .argsGetNames, .argsPostNames, .requestHeadersNames, .requestCookiesNames, .filesNames:
            assert(row.name == row.value)
        default: break
        }
    }
    let arguments = table.rows.count { $0.variable == .args }
    assert(arguments <= limits.arguments)
    assert(table.rows.count { $0.variable == .argsNames } == arguments)
}

/// A raw request: its head and, by its content type, its body.
func readRequest(_ bytes: [UInt8]) {
    let request = RawRequest(bytes)
    assert(request.body.count <= bytes.count)
    var table = VariableTable()
    _ = request.addHead(to: &table, remoteAddress: Array("::1".utf8).span, uniqueID: Array("u".utf8).span)
    _ = table.requestContentCoding
    _ = table.addRequestBody(request.body.span)
    check(table)
}

/// One header field of any name: the first byte says how long the name is.
func readHeader(_ bytes: [UInt8]) {
    let length = min(Int(bytes.first ?? 0), max(bytes.count - 1, 0))
    let name = Array(bytes.dropFirst().prefix(length))
    let value = Array(bytes.dropFirst(1 + length))
    var table = VariableTable()
    table.addRequestHeader(name: name.span, value: value.span)
    table.addRequestHeader(name: Array("Cookie".utf8).span, value: value.span)
    table.addRequestHeader(name: Array("Host".utf8).span, value: value.span)
    table.addResponseHeader(name: Array("Content-Type".utf8).span, value: value.span)
    check(table)
}

/// A body, with rules' choice of a processor.
func readBody(_ bytes: [UInt8], as processor: RequestBodyProcessor) {
    var table = VariableTable()
    var controls = BodyControls()
    controls.processor = processor
    let problem = table.addRequestBody(bytes.span, controls: controls)
    check(table)
    // A body is held once, decoded once, and has names of bounded length.
    assert(table.bytes.count <= 66_000 + 3 * bytes.count)
    let error = table.rows.last { $0.variable == .reqbodyError }
    assert(error.map { table.bytes[$0.value].elementsEqual(problem == nil ? [0x30] : [0x31]) } == true)
}

/// A multipart body: the first line is the content type.
func readMultipart(_ bytes: [UInt8]) {
    let line = bytes.firstIndex(of: 0x0A) ?? bytes.count
    var table = VariableTable()
    let type = Array("multipart/form-data; boundary=".utf8) + bytes[..<line]
    table.addRequestHeader(name: Array("Content-Type".utf8).span, value: type.span)
    let body = Array(bytes[min(line + 1, bytes.count)...])
    _ = table.addRequestBody(body.span)
    check(table)
}

/// A compressed body: it never yields more than the bound.
func inflate(_ bytes: [UInt8], _ coding: ContentCoding) {
    guard let output = try? Inflater.inflate(bytes.span, coding, limit: 4096) else { return }
    assert(output.count <= 4096)
}
