extension VariableTable {
    /// Fills what the body of a request says, for phase 2; the head must have been added before.
    ///
    /// `body` is the whole body, inflated, at most what is inspected; empty where there is none. The processor is the one
    /// that `controls` names, otherwise the one of a form's content type; of any other body only REQUEST_BODY is known.
    /// Takes time linear in the body and memory of at most twice its bytes beside 64 KiB of names, and rows.
    ///
    /// Returns what is wrong with the body, or nil; rules see it as REQBODY_ERROR too. What could be read is in the table.
    public mutating func addRequestBody(
        _ body: Span<UInt8>, controls: BodyControls = BodyControls(), limits: InspectionLimits = .init()
    ) -> BodyProblem? {
        let whole = append(body)
        setNumber(.fullRequestLength, to: measures.headerBytes &+ 2 &+ body.count)
        let contentType = contentTypes()
        let processor = controls.processor ?? RequestBodyProcessor(formContentType: span(contentType.first))
        if !body.isEmpty {
            setNumber(.requestBodyLength, to: body.count)
            // Unlike 3.0.9: rules for text must not match the names of elements and attributes.
            if processor != .xml || controls.forcesRequestBody { set(.requestBody, to: whole) }
        }
        if let processor { set(.reqbodyProcessor, to: processor.rawValue) }
        var problem: BodyProblem?
        if contentType.count > 1 && !body.isEmpty { problem = .duplicateContentType }
        // As in ModSecurity a form without a boundary is a problem even if it is empty; any other empty body is none.
        if let processor, !body.isEmpty || processor == .multipart {
            do throws(BodyProblem) {
                try readBody(body, at: whole, as: processor, type: contentType.first, limits: limits)
            } catch {
                problem = problem ?? error
            }
        }
        setNumber(.argsCombinedSize, to: measures.argumentBytes)
        setNumber(.reqbodyError, to: problem == nil ? 0 : 1)
        if let problem { set(.reqbodyErrorMessage, to: problem.rawValue) }
        return problem
    }

    private mutating func readBody(
        _ body: Span<UInt8>, at whole: Range<Int>, as processor: RequestBodyProcessor, type: Range<Int>,
        limits: InspectionLimits
    ) throws(BodyProblem) {
        // Rules see the body as well as it can be read; only then it is refused for its charset.
        let hasCharset = ContentType.hasASCIICharset(span(type))
        switch processor {
        case .urlencoded:
            guard addArguments(.argsPost, in: whole, limits: limits) else { throw .tooManyArguments }
        case .json:
            var reader = JSONBody(start: whole.lowerBound, limits: limits)
            try reader.read(body, into: &self)
        case .xml:
            try XMLBody.read(body, into: &self, limits: limits)
        case .multipart:
            try readMultipart(body, at: whole, type: type, limits: limits)
        }
        guard hasCharset else { throw .charset }
    }

    private mutating func readMultipart(
        _ body: Span<UInt8>, at whole: Range<Int>, type: Range<Int>, limits: InspectionLimits
    ) throws(BodyProblem) {
        guard let boundary = MultipartBoundary(span(type)) else {
            set(.multipartStrictError, to: "1")
            throw .multipartBoundary
        }
        var reader = MultipartBody(boundary: boundary, start: whole.lowerBound, limits: limits)
        var problem: BodyProblem?
        do throws(BodyProblem) { try reader.read(body, into: &self) } catch { problem = error }
        setNumber(.multipartStrictError, to: problem == nil && reader.isStrict ? 0 : 1)
        setNumber(.multipartUnmatchedBoundary, to: reader.unmatchedBoundary)
        if let problem { throw problem }
    }

    /// The first Content-Type field, and how many there are.
    private func contentTypes() -> (first: Range<Int>, count: Int) {
        var first = 0..<0
        var count = 0
        for row in rows
        where row.variable == .requestHeaders && bytes.span.equalsLowercased("content-type", in: row.name) {
            if count == 0 { first = row.value }
            count &+= 1
        }
        return (first, count)
    }
}
