;;; isaac.el --- Ask Isaac, and run lines as safely as they deserve  -*- lexical-binding: t; -*-

;; Package-Requires: ((emacs "28.1"))
;; Version: 1
;; Keywords: tools, processes
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; `isaac-ask' asks, about the region if there is one; the answer grows in a buffer of its own, while you go on.
;; `isaac-run' has a line judged, asks as its tier demands, and runs it.  `isaac-suggest' turns a task into a line.
;; One connection speaks JSON-RPC, an object a line; nothing but Emacs is needed for it.

;;; Code:

(require 'comint)
(require 'json)
(require 'subr-x)

(defgroup isaac nil "Ask Isaac." :group 'tools)

(defcustom isaac-program "isaacctl"
  "The program that starts a daemon where none runs."
  :type 'string)

(defcustom isaac-socket nil
  "Where the daemon listens, if that is not the usual place."
  :type '(choice (const :tag "The usual place" nil) file))

(defvar isaac-ended-hook nil
  "Run in the buffer of an answer when that has ended, whole or not.")

(defvar isaac--connection nil "The connection to the daemon.")
(defvar isaac--last 0 "The last id.")
(defvar isaac--waiting (make-hash-table) "What hears of each request under way, by id.")
(defvar-local isaac--request nil "The request whose answer this buffer shows.")

;;;; The connection

(defun isaac--socket ()
  "Return the path of the socket."
  (let ((given (getenv "ISAACD_SOCKET")) (base (getenv "XDG_RUNTIME_DIR")))
    (cond (isaac-socket)
          ((and given (not (string-empty-p given))) given)
          ((and base (file-directory-p base)) (expand-file-name "isaacd/isaacd.sock" base))
          (t (format "/tmp/isaacd-%d/isaacd.sock" (user-uid))))))

(defun isaac--open ()
  "Connect, or return nil if nobody listens."
  (condition-case nil
      (setq isaac--connection
            (make-network-process :name "isaac" :family 'local :service (isaac--socket) :coding 'utf-8-unix
                                  :noquery t :filter #'isaac--receive :sentinel #'isaac--gone))
    (file-error nil)))

(defun isaac--connect (ready failed)
  "Call READY once there is a connection, or FAILED with a text.
Where no daemon runs one is started meanwhile."
  (if (process-live-p isaac--connection)
      (funcall ready)
    (isaac--greet ready (lambda () (isaac--start ready failed)))))

(defun isaac--greet (ready otherwise)
  "Connect and call READY once somebody answers; where nobody does, OTHERWISE.
A daemon that is dying may still take a connection, and never answer."
  (if (isaac--open)
      (isaac--begin "hello" `((proto . [1]) (client . ((name . "emacs") (version . ,emacs-version))))
                    (lambda (kind _) (funcall (if (equal kind "result") ready otherwise))))
    (funcall otherwise)))

(defun isaac--start (ready failed)
  "Start a daemon, then call READY, or FAILED with a text."
  (let ((said (generate-new-buffer " *isaac start*")))
    (condition-case wrong
        (make-process
         :name "isaac start" :buffer said :command (list isaac-program "start") :noquery t :connection-type 'pipe
         :sentinel
         (lambda (process _)
           (unless (process-live-p process)
             (let ((text (with-current-buffer said (string-trim (buffer-string)))))
               (kill-buffer said)
               (if (zerop (process-exit-status process))
                   (isaac--greet ready (lambda () (funcall failed (concat "nobody answers at " (isaac--socket)))))
                 (funcall failed text))))))
      (file-error
       (kill-buffer said)
       (funcall failed (format "%s cannot be run (%s); install Isaac, or set isaac-program"
                               isaac-program (car (last wrong))))))))

(defun isaac--begin (method arguments hear)
  "Send the request METHOD with ARGUMENTS, of which HEAR hears; return its id."
  (let ((id (setq isaac--last (1+ isaac--last))))
    (puthash id (cons isaac--connection hear) isaac--waiting)
    (isaac--send `((id . ,id) (method . ,method) (params . ,arguments)))
    id))

(defun isaac--send (message)
  "Send MESSAGE, an alist."
  (process-send-string isaac--connection (concat (json-serialize message) "\n")))

(defun isaac--receive (process text)
  "Take TEXT that PROCESS has sent; whole lines are messages."
  (let ((rest (concat (process-get process 'rest) text)) (start 0) end)
    (while (setq end (string-search "\n" rest start))
      (let ((line (substring rest start end)))
        (setq start (1+ end))
        (isaac--hear (json-parse-string line :object-type 'alist :array-type 'list
                                        :null-object nil :false-object nil))))
    (process-put process 'rest (substring rest start))))

(defun isaac--hear (message)
  "Give MESSAGE to what waits for it."
  (if (equal (alist-get 'method message) "$/event")
      (pcase-let ((`(,id ,_ ,kind ,data) (alist-get 'params message)))
        (when-let ((hear (cdr (gethash id isaac--waiting))))
          (funcall hear kind data)))
    (let* ((id (alist-get 'id message)) (hear (cdr (gethash id isaac--waiting))))
      (remhash id isaac--waiting)
      (when hear
        (if-let ((wrong (alist-get 'error message)))
            (funcall hear "error" (isaac--told wrong))
          (funcall hear "result" (alist-get 'result message)))))))

(defun isaac--told (wrong)
  "Return the error WRONG as text, with what to do about it."
  (let ((hint (alist-get 'hint (alist-get 'data wrong))))
    (concat (alist-get 'message wrong) (and hint (concat "\n" hint)))))

(defun isaac--gone (process _)
  "Tell everybody who waits that PROCESS has ended."
  (unless (process-live-p process)
    (let (left)
      (maphash (lambda (id waiting) (when (eq (car waiting) process) (push (cons id (cdr waiting)) left)))
               isaac--waiting)
      (dolist (item left)
        (remhash (car item) isaac--waiting)
        (funcall (cdr item) "error" "the daemon has left; this is not the whole answer")))))

(defun isaac--meta ()
  "Say where the person is, and that events should come."
  (let (told)
    (dolist (item process-environment)
      (when (string-match "\\`\\([^=]+\\)=" item)
        (let ((name (match-string 1 item)))
          (when (and (isaac--may-know name) (not (assoc (intern name) told))
                     (ignore-errors (json-serialize (vector item)))) ; what is no text cannot be sent
            (push (cons (intern name) (substring item (1+ (length name)))) told)))))
    `((cwd . ,(directory-file-name (expand-file-name default-directory)))
      (env . ,told)
      (stream . t))))

(defun isaac--may-know (name)
  "Return non-nil if the daemon may know the variable NAME."
  (or (member name '("NO_COLOR" "TERM" "LANG" "LC_ALL" "LC_MESSAGES" "LC_CTYPE" "EDITOR" "VISUAL" "PAGER" "SHELL"
                     "PATH" "HOME" "USER" "TMPDIR" "MANPATH" "VIRTUAL_ENV" "OLLAMA_HOST" "BASH_ENV" "SHELLOPTS"
                     "PS4" "LD_PRELOAD" "LD_AUDIT" "DYLD_INSERT_LIBRARIES"))
      (string-match-p "\\`\\(?:ISAAC_\\|BASH_FUNC_\\)\\|_\\(?:API_KEY\\|BASE_URL\\|TOKEN\\|SECRET\\)\\'" name)))

;;;; Requests

(defun isaac-request (method arguments hear &optional named)
  "Call METHOD with ARGUMENTS, an alist, and return at once.
HEAR is called with a kind and data: \"delta\" and other events as they
come, then once \"result\" or \"error\" with a text.  NAMED is called with
the id that `isaac-cancel' takes."
  (let ((meta (isaac--meta)))
    (isaac--connect
     (lambda ()
       (let ((id (isaac--begin method `(,@arguments (_meta . ,meta)) hear)))
         (when named (funcall named id))))
     (lambda (text) (funcall hear "error" text)))))

(defun isaac-cancel (id)
  "Stop the request ID; it is still answered."
  (when (and id (gethash id isaac--waiting))
    (isaac--send `((method . "$/cancelRequest") (params . ((id . ,id)))))))

(defun isaac-call (method arguments)
  "Call METHOD with ARGUMENTS and wait for the result; \\[keyboard-quit] stops it.
What is refused is a `user-error'."
  (let (id kind said)
    (isaac-request method arguments
                   (lambda (what data)
                     (when (member what '("result" "error"))
                       (setq kind what said data)))
                   (lambda (given) (setq id given)))
    (unwind-protect
        (while (not kind) (accept-process-output nil 0.05))
      (unless kind (isaac-cancel id)))
    (if (equal kind "error") (user-error "Isaac: %s" said) said)))

;;;; Answers

(defvar isaac-answer-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "C-c C-c") #'isaac-stop)
    map)
  "Keys in the buffer of an answer.")

(define-derived-mode isaac-answer-mode special-mode "Isaac"
  "The answer to a question; it grows while it comes."
  (visual-line-mode)
  (add-hook 'kill-buffer-hook #'isaac-stop nil t))

(defun isaac-stop ()
  "Stop the answer in this buffer."
  (interactive)
  (isaac-cancel isaac--request))

(defun isaac--add (text &optional own-line)
  "Put TEXT behind what is there; with OWN-LINE, on a line of its own."
  (let ((inhibit-read-only t))
    ;; Whoever is at the end follows the text: markers of windows that are there go along.
    (let ((followers (seq-filter (lambda (window) (= (window-point window) (point-max)))
                                 (get-buffer-window-list nil nil t)))
          (at-end (= (point) (point-max))))
      (save-excursion
        (goto-char (point-max))
        (when (and own-line (not (bolp))) (insert "\n"))
        (insert text)
        (when own-line (insert "\n")))
      (when at-end (goto-char (point-max)))
      (dolist (window followers) (set-window-point window (point-max))))))

(defun isaac--show (buffer kind data)
  "Show in BUFFER what came: DATA of KIND."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer
      (pcase kind
        ("delta" (isaac--add data))
        ("log" (isaac--add data t))
        ("tool" (isaac--add (format "[%s, tier %s: %s]" (alist-get 'call data) (alist-get 'tier data)
                                    (alist-get 'note data))
                            t))
        ("error" (isaac--add (concat "error: " data) t)))
      (when (member kind '("result" "error"))
        (setq isaac--request nil mode-line-process nil)
        (force-mode-line-update)
        (run-hooks 'isaac-ended-hook)))))

(defun isaac--about (question text mode)
  "Return QUESTION with the TEXT it is about, fenced, and the language of MODE."
  (let ((fence "```"))
    (while (string-search fence text) (setq fence (concat fence "`")))
    (format "%s\n\n%s%s\n%s\n%s" question fence
            (replace-regexp-in-string "\\(?:-ts\\)?-mode\\'" "" (symbol-name mode))
            (string-trim-right text "\n+") fence)))

(defun isaac-answer (method arguments title)
  "Call METHOD with ARGUMENTS and show the answer while it comes.
Return the buffer, which TITLE names."
  (let ((buffer (generate-new-buffer (format "*isaac: %s*" (truncate-string-to-width title 60))))
        (folder default-directory))
    (with-current-buffer buffer
      (isaac-answer-mode)
      (setq default-directory folder mode-line-process ":asking"))
    (display-buffer buffer)
    (let ((default-directory folder))
      (isaac-request method arguments
                     (lambda (kind data) (isaac--show buffer kind data))
                     (lambda (id)
                       (if (buffer-live-p buffer)
                           (with-current-buffer buffer (setq isaac--request id))
                         (isaac-cancel id)))))
    buffer))

;;;###autoload
(defun isaac-ask (question &optional text)
  "Ask QUESTION, about TEXT if there is any; interactively that is the region.
Return the buffer of the answer."
  (interactive (list (read-string "Ask Isaac: ")
                     (and (use-region-p) (buffer-substring-no-properties (region-beginning) (region-end)))))
  (isaac-answer "ask" `((question . ,(if text (isaac--about question text major-mode) question))) question))

;;;; Lines

;;;###autoload
(defun isaac-suggest (task)
  "Turn TASK into a command line, and insert the one that is chosen.
Nothing is run."
  (interactive "sTask: ")
  (let* ((found (alist-get 'candidates (isaac-call "suggest" `((task . ,task)))))
         (chosen (if found
                     (completing-read (format "%s: " task) (mapcar (lambda (item) (alist-get 'command item)) found)
                                      nil t)
                   (user-error "No command is known for that"))))
    (insert chosen)))

(defun isaac--told-plan (plan)
  "Return the line of PLAN with its tier and the reasons for that."
  (concat (alist-get 'line plan) "\n\ntier " (alist-get 'tier plan) "\n"
          (mapconcat (lambda (reason) (concat "- " (alist-get 'text reason))) (alist-get 'reasons plan) "\n")
          "\n"))

(defun isaac--agreed (plan)
  "Ask as PLAN demands; return what `approve' takes, or nil if nobody agrees."
  (let ((token `(token . ,(alist-get 'token plan))) (phrase (alist-get 'phrase plan)))
    (pcase (alist-get 'demand plan)
      ("nothing" (list token))
      ("notice" (message "%s" (isaac--told-plan plan)) (list token))
      ("phrase" (let ((said (read-string (format "%s\nType `%s' to run it: " (isaac--told-plan plan) phrase))))
                  (unless (string-empty-p said) (list token `(phrase . ,said)))))
      (_ (and (yes-or-no-p (format "%s\nRun it? " (isaac--told-plan plan))) (list token '(yes . t)))))))

(defun isaac--execute (released)
  "Run what was RELEASED in a buffer of its own, and return that."
  (let* ((argv (alist-get 'argv released)) (default-directory (file-name-as-directory (alist-get 'cwd released)))
         (folder (alist-get 'folder released)) (here (file-attributes default-directory)))
    (when (and folder (not (and here (equal (nth 10 here) (nth 1 folder)) (equal (nth 11 here) (nth 0 folder)))))
      (user-error "The folder is not the one that the line was judged in; say it again"))
    (let ((buffer (generate-new-buffer (format "*isaac run: %s*" (alist-get 'line released)))))
      (apply #'make-comint-in-buffer "isaac run" buffer (car argv) nil (cdr argv))
      (display-buffer buffer)
      buffer)))

;;;###autoload
(defun isaac-run (line)
  "Have LINE judged, ask as its tier demands, and run it.
Interactively it is the region, or the line of point.  Return the buffer
it runs in, or nil if nothing is run."
  (interactive (list (read-string "Run: " (string-trim (if (use-region-p)
                                                           (buffer-substring-no-properties
                                                            (region-beginning) (region-end))
                                                         (thing-at-point 'line t))))))
  (let* ((card (isaac-call "route" `((line . ,line) (shell . ,(executable-find shell-file-name)))))
         (plan (alist-get 'plan card)) (said (and plan (isaac--agreed plan))))
    (cond (said (isaac--execute (isaac-call "approve" said)))
          (plan (message "Nothing was run") nil)
          (t (message "%s" (alist-get 'because card)) nil))))

(provide 'isaac)
;;; isaac.el ends here
