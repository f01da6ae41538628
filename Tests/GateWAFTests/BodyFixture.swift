import GateWAF

/// A request with a body, read into a table.
struct BodyFixture {
    var table = VariableTable()
    /// What is wrong with the body.
    let problem: BodyProblem?

    /// Reads `body` with a content type, as a processor if one is given.
    init(
        _ body: [UInt8], type: String, as processor: RequestBodyProcessor? = nil, limits: InspectionLimits = .init()
    ) {
        if !type.isEmpty {
            table.addRequestHeader(name: bytes("Content-Type").span, value: bytes(type).span)
        }
        var controls = BodyControls()
        controls.processor = processor
        problem = table.addRequestBody(body.span, controls: controls, limits: limits)
    }

    /// A JSON body.
    static func json(_ text: String, limits: InspectionLimits = .init()) -> BodyFixture {
        BodyFixture(bytes(text), type: "application/json", as: .json, limits: limits)
    }

    /// An XML body.
    static func xml(_ text: String, limits: InspectionLimits = .init()) -> BodyFixture {
        BodyFixture(bytes(text), type: "text/xml", as: .xml, limits: limits)
    }

    /// A multipart body with the boundary `B`.
    static func multipart(
        _ text: String, type: String = "multipart/form-data; boundary=B", limits: InspectionLimits = .init()
    ) -> BodyFixture {
        BodyFixture(bytes(text), type: type, limits: limits)
    }
}
